#include "process_family.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "file_descriptor.h"

namespace dokan {
namespace {

// More generations than any chain of processes has, should /proc tell of a circle.
constexpr int kMostGenerations = 256;

struct Ancestry {
  pid_t parent;
  // Since the machine was started, in clock ticks.
  unsigned long long started;
};

// A /proc of another pid namespace has other processes under our numbers.
bool IsProcOurs() {
  std::array<char, 32> target = {};
  return ::readlink("/proc/self", target.data(), target.size() - 1) > 0 &&
         std::atoi(target.data()) == ::getpid();
}

bool IsOwnThread(pid_t thread) {
  std::array<char, 64> path = {};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d", thread);
  return ::access(path.data(), F_OK) == 0;
}

std::optional<Ancestry> AncestryOf(pid_t process) {
  std::array<char, 64> path = {};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", process);
  const FileDescriptor file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text = {};
  if (!file.valid() || ::read(file.get(), text.data(), text.size() - 1) <= 0) {
    return std::nullopt;
  }
  // "id (name) state parent ... started ...": the name may hold anything.
  const char* const end = std::strrchr(text.data(), ')');
  Ancestry ancestry = {};
  if (end == nullptr ||
      std::sscanf(
          end + 1,
          " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
          &ancestry.parent, &ancestry.started) != 2) {
    return std::nullopt;
  }
  return ancestry;
}

}  // namespace

bool IsOfThisFamily(pid_t thread) {
  if (thread <= 0 || !IsProcOurs()) {
    return false;
  }
  if (IsOwnThread(thread)) {
    return true;
  }
  const pid_t self = ::getpid();
  std::optional<Ancestry> member = AncestryOf(thread);
  for (int generation = 0; member && generation < kMostGenerations; ++generation) {
    if (member->parent == self) {
      return true;
    }
    if (member->parent <= 1) {
      return false;
    }
    const std::optional<Ancestry> parent = AncestryOf(member->parent);
    // A parent that is younger than its child has only got the number of the one that has ended.
    if (!parent || parent->started > member->started) {
      return false;
    }
    member = parent;
  }
  return false;
}

}  // namespace dokan
