#include "mount_table.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <functional>

#include "file_descriptor.h"

namespace dokan {
namespace {

struct Entry {
  std::string_view id;
  std::string_view parent;
  std::string_view device;
};

std::string ReadMountInfo() {
  std::string text;
  const FileDescriptor file(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  std::array<char, 16384> chunk;
  while (file.valid()) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count > 0) {
      text.append(chunk.data(), static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      break;
    }
  }
  return text;
}

// The kernel writes space, tab, newline and backslash as \ooo.
std::string DecodeOctal(std::string_view field) {
  const auto digit = [&](size_t index) {
    return index < field.size() && field[index] >= '0' && field[index] <= '7';
  };
  std::string result;
  for (size_t index = 0; index < field.size(); ++index) {
    if (field[index] == '\\' && digit(index + 1) && digit(index + 2) && digit(index + 3)) {
      result.push_back(static_cast<char>((field[index + 1] - '0') * 64 +
                                         (field[index + 2] - '0') * 8 + (field[index + 3] - '0')));
      index += 3;
    } else {
      result.push_back(field[index]);
    }
  }
  return result;
}

std::string_view NextField(std::string_view* line) {
  const size_t end = std::min(line->find(' '), line->size());
  const std::string_view field = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return field;
}

void ForEachLine(const std::string& text, const std::function<void(std::string_view)>& take) {
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    take(std::string_view(text.data() + start, end - start));
    start = end + 1;
  }
}

}  // namespace

std::optional<MountIdentity> TopmostMount(const std::string& mount_point) {
  const std::string text = ReadMountInfo();
  std::vector<Entry> stack;
  ForEachLine(text, [&](std::string_view line) {
    Entry entry;
    entry.id = NextField(&line);
    entry.parent = NextField(&line);
    entry.device = NextField(&line);
    NextField(&line);  // Root of the mount within its file system.
    if (DecodeOctal(NextField(&line)) == mount_point) {
      stack.push_back(entry);
    }
  });
  // Mounts stacked on one point: the topmost is no other's parent. The order of the lines does not
  // tell (it was changed in Linux 6.8), but decides where one tree hides another: the last wins.
  for (auto entry = stack.rbegin(); entry != stack.rend(); ++entry) {
    const bool covered = std::any_of(stack.begin(), stack.end(), [&](const Entry& other) {
      return other.parent == entry->id && other.id != entry->id;
    });
    if (!covered) {
      return MountIdentity{std::string(entry->id), std::string(entry->device)};
    }
  }
  return std::nullopt;
}

std::vector<std::string> DevicesOfType(std::string_view type) {
  std::vector<std::string> devices;
  const std::string text = ReadMountInfo();
  ForEachLine(text, [&](std::string_view line) {
    NextField(&line);
    NextField(&line);
    const std::string_view device = NextField(&line);
    // Optional fields come before the separator, any number of them.
    constexpr std::string_view kSeparator = " - ";
    const size_t separator = line.find(kSeparator);
    if (separator == std::string_view::npos) {
      return;
    }
    line.remove_prefix(separator + kSeparator.size());
    if (NextField(&line) == type) {
      devices.emplace_back(device);
    }
  });
  return devices;
}

}  // namespace dokan
