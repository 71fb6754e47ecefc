#include "posix_beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace dokan {
namespace {

// Declared here: the headers of the oldest systems we build on have no openat2.
constexpr long kOpenat2 = 437;
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};
constexpr uint64_t kNoMagicLinks = 0x02;
constexpr uint64_t kNoSymlinks = 0x04;
constexpr uint64_t kBeneath = 0x08;

// openat2 refuses what openat ignores: unknown flags, O_PATH with others, a mode without O_CREAT.
constexpr int kPathFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kKnownFlags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
                            O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | O_LARGEFILE |
                            O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE;

std::atomic<bool> openat2_enabled{true};   // The tests' switch.
std::atomic<bool> openat2_missing{false};  // What the kernel said.

int CleanFlags(int flags) {
  return ((flags & O_PATH) != 0 ? flags & kPathFlags : flags & kKnownFlags) | O_CLOEXEC;
}

bool Creates(int flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

int Openat2(int directory, const char* path, int flags, mode_t mode) {
  if ((flags & O_PATH) == 0 || (flags & O_DIRECTORY) != 0) {
    // Links are refused below, with ELOOP; this flag would turn that into ENOTDIR for directories.
    flags &= ~O_NOFOLLOW;
  }
  OpenHow how = {};
  how.flags = static_cast<uint64_t>(static_cast<unsigned>(flags));
  how.mode = Creates(flags) ? mode & 07777U : 0;
  how.resolve = kBeneath | kNoSymlinks | kNoMagicLinks;
  const long fd = ::syscall(kOpenat2, directory, path, &how, sizeof how);
  return fd >= 0 ? static_cast<int>(fd) : -errno;
}

// EPERM may be the file's answer or a filter's: a harmless call tells.
bool IsOpenat2Missing(int result) {
  if (result == -EPERM) {
    const int probe = Openat2(AT_FDCWD, ".", O_PATH | O_CLOEXEC, 0);
    if (probe >= 0) {
      ::close(probe);
    }
    return probe == -EPERM;
  }
  return result == -ENOSYS;
}

bool IsLink(int directory, const char* name) {
  struct stat status = {};
  return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

// One component without following it, with openat2's answer for links.
int OpenComponent(int directory, const char* name, int flags, mode_t mode) {
  FileDescriptor fd(::openat(directory, name, flags | O_NOFOLLOW, mode));
  if (!fd.valid()) {
    const int error = errno;
    return error == ENOTDIR && IsLink(directory, name) ? -ELOOP : -error;
  }
  if ((flags & O_PATH) != 0 && (flags & O_NOFOLLOW) == 0) {
    struct stat status = {};
    if (::fstat(fd.get(), &status) == 0 && S_ISLNK(status.st_mode)) {
      return -ELOOP;
    }
  }
  return fd.Release();
}

int OpenStepwise(int directory, std::string_view path, int flags, mode_t mode) {
  FileDescriptor owned;
  int current = directory;
  std::string name;
  while (true) {
    const size_t slash = path.find('/');
    name = path.substr(0, slash);
    const std::string_view rest =
        slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    const bool last = rest.find_first_not_of('/') == std::string_view::npos;
    if (last) {
      const bool must_be_directory = slash != std::string_view::npos;
      return OpenComponent(current, name.empty() ? "." : name.c_str(),
                           must_be_directory ? flags | O_DIRECTORY : flags, mode);
    }
    if (!name.empty() && name != ".") {
      const int next =
          OpenComponent(current, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
      if (next < 0) {
        return next;
      }
      owned.Reset(next);
      current = next;
    }
    path = rest;
  }
}

// Refused by their text already. The kernel would let "a/../b" pass, and would have to be asked
// again (EAGAIN) whenever anything is renamed meanwhile.
bool MayLeave(std::string_view path) {
  if (path.starts_with('/')) {
    return true;
  }
  for (size_t at = path.find(".."); at != std::string_view::npos; at = path.find("..", at + 1)) {
    const bool starts = at == 0 || path[at - 1] == '/';
    const bool ends = at + 2 == path.size() || path[at + 2] == '/';
    if (starts && ends) {
      return true;
    }
  }
  return false;
}

int OpenText(int directory, std::string_view path, const char* terminated, int flags, mode_t mode) {
  if (MayLeave(path)) {
    return -EXDEV;
  }
  const int clean = CleanFlags(flags);
  if (openat2_enabled.load(std::memory_order_relaxed) &&
      !openat2_missing.load(std::memory_order_relaxed)) {
    const int result = Openat2(directory, path.empty() ? "." : terminated, clean, mode);
    if ((result != -ENOSYS && result != -EPERM) || !IsOpenat2Missing(result)) {
      return result;
    }
    openat2_missing.store(true, std::memory_order_relaxed);
  }
  return OpenStepwise(directory, path, clean, mode);
}

}  // namespace

int OpenBeneath(int directory, const BytePath& path, int flags, mode_t mode) {
  if (path.error() != 0) {
    return -path.error();
  }
  return OpenText(directory, path.view(), path.c_str(), flags, mode);
}

int OpenThing(int directory, const BytePath& path) {
  return OpenBeneath(directory, path, O_PATH | O_NOFOLLOW, 0);
}

int Location::FindEntry(int directory, const BytePath& path) {
  return Find(directory, path, true);
}

int Location::FindThing(int directory, const BytePath& path) {
  return Find(directory, path, false);
}

int Location::Find(int directory, const BytePath& path, bool entry) {
  if (path.error() != 0) {
    return -path.error();
  }
  const std::string_view text = path.view();
  const size_t slash = text.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? text : text.substr(slash + 1);
  const bool named = !last.empty() && last != "." && last != "..";
  if (!named && entry) {
    return -EINVAL;
  }
  name_ = named ? last : std::string_view();
  // The directory to open: all of the path when its end names none ("a/"), else what comes before.
  const std::string_view parent =
      named ? text.substr(0, slash == std::string_view::npos ? 0 : slash + 1) : text;
  if (parent.empty() || parent == ".") {
    directory_ = directory;
    return 0;
  }
  const int fd = OpenText(directory, parent, std::string(parent).c_str(), O_PATH | O_DIRECTORY, 0);
  if (fd < 0) {
    return fd;
  }
  parent_.Reset(fd);
  directory_ = fd;
  return 0;
}

bool UseOpenat2(bool enabled) {
  return openat2_enabled.exchange(enabled);
}

}  // namespace dokan
