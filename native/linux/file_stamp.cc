#include "file_stamp.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include <cstdint>
#include <limits>

#include "file_descriptor.h"
#include "proc_path.h"
#include "storage.h"

namespace dokan {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr FileStamp kNoStamp = {kNothing, kNothing, kNothing, kNothing,
                                kNothing, kNothing, kNothing};
// Up to here every whole number is a double.
constexpr uint64_t kMostExact = uint64_t{1} << 53;

FileStamp StampOf(const struct stat& status) {
  return {
      static_cast<double>(status.st_dev),          static_cast<double>(status.st_ino),
      static_cast<double>(status.st_size),         static_cast<double>(status.st_mtim.tv_sec),
      static_cast<double>(status.st_mtim.tv_nsec), static_cast<double>(status.st_ctim.tv_sec),
      static_cast<double>(status.st_ctim.tv_nsec),
  };
}

// The clock that file systems take their times from; it goes on with every tick.
timespec FileClock() {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now;
}

// A change from `now` on gets another time than that one.
bool IsBefore(const timespec& time, const timespec& now) {
  // Without a fraction it may be of a file system that keeps whole seconds.
  return time.tv_sec < now.tv_sec ||
         (time.tv_sec == now.tv_sec && time.tv_nsec != 0 && time.tv_nsec < now.tv_nsec);
}

// Nobody has it open for writing, or mapped so. The kernel gives a lease for reading only then; it
// is given back at once. It takes the file's owner or CAP_LEASE.
bool HasNoWriter(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY) {
    return false;
  }
  // An open file of its own: leases and signals belong to that, and the given one is not ours.
  const FileDescriptor own(
      ::open(ProcPath(fd).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  // Who opens it for writing meanwhile waits until the lease is back, and we get a signal: by
  // default SIGIO, which ends a process, so one that everybody ignores.
  if (!own.valid() || ::fcntl(own.get(), F_SETSIG, SIGURG) != 0) {
    return false;
  }
  const bool given = ::fcntl(own.get(), F_SETLEASE, F_RDLCK) == 0;
  ::fcntl(own.get(), F_SETLEASE, F_UNLCK);
  return given;
}

}  // namespace

bool IsUnchanged(int fd, FileStamp* stamp) {
  // Before the stamp is taken, so that no change after it has an earlier time.
  const timespec now = FileClock();
  struct stat status = {};
  if (::fstat(fd, &status) != 0 || status.st_ino > kMostExact) {
    *stamp = kNoStamp;
    return false;
  }
  const FileStamp present = StampOf(status);
  if (present == *stamp) {
    return true;
  }
  // Writers last: one that was at work when the stamp was taken and is gone by now has changed
  // nothing that is read from here on.
  const bool proves =
      IsBefore(status.st_ctim, now) && StorageOf(fd) == Storage::kDisk && HasNoWriter(fd);
  *stamp = proves ? present : kNoStamp;
  return false;
}

}  // namespace dokan
