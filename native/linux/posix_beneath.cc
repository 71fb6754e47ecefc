#include "posix_beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "posix_stepwise.h"

namespace dokan {
namespace {

// Declared here: the headers of the oldest systems we build on have no openat2.
constexpr long kOpenat2 = 437;
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};
constexpr uint64_t kNoMounts = 0x01;
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
  how.resolve = kBeneath | kNoSymlinks | kNoMagicLinks | kNoMounts;
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

// What comes before the last component, with its slash.
std::string_view ParentOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash + 1);
}

int OpenText(int directory, std::string_view path, const char* terminated, int flags, mode_t mode) {
  if (MayLeave(path)) {
    return -EXDEV;
  }
  const int clean = CleanFlags(flags);
  if (openat2_enabled.load(std::memory_order_relaxed) &&
      !openat2_missing.load(std::memory_order_relaxed)) {
    const int result = Openat2(directory, path.empty() ? "." : terminated, clean, mode);
    if (result == -EXDEV) {
      // Another mount is on the way: which one decides whether it is entered.
      return OpenStepwise(directory, path, clean, mode);
    }
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

bool IsMountPoint(int directory, const char* name) {
  if (openat2_enabled.load(std::memory_order_relaxed) &&
      !openat2_missing.load(std::memory_order_relaxed)) {
    const FileDescriptor thing(Openat2(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0));
    return thing.get() == -EXDEV;
  }
  // Where the kernel cannot be asked, another device is what gives a mount away.
  struct statx here = {};
  struct statx there = {};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  return ::statx(directory, "", flags, STATX_TYPE, &here) == 0 &&
         ::statx(directory, name, flags, STATX_TYPE, &there) == 0 &&
         (here.stx_dev_major != there.stx_dev_major || here.stx_dev_minor != there.stx_dev_minor);
}

int Location::FindEntry(int directory, const BytePath& path) {
  std::string_view parent;
  if (const int error = SplitName(path, &parent); error < 0) {
    return error;
  }
  return FindParent(directory, parent);
}

int Location::FindEntryBeside(const Location& other, const BytePath& other_path, int directory,
                              const BytePath& path) {
  std::string_view parent;
  if (const int error = SplitName(path, &parent); error < 0) {
    return error;
  }
  if (parent == ParentOf(other_path.view())) {
    directory_ = other.directory();
    return 0;
  }
  return FindParent(directory, parent);
}

// Keeps the last component and leaves what is before it.
int Location::SplitName(const BytePath& path, std::string_view* parent) {
  if (path.error() != 0) {
    return -path.error();
  }
  const std::string_view text = path.view();
  *parent = ParentOf(text);
  const std::string_view last = text.substr(parent->size());
  if (last.empty() || last == "." || last == "..") {
    return -EINVAL;
  }
  name_ = last;
  return 0;
}

int Location::FindParent(int directory, std::string_view parent) {
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
