#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>

#include "arguments.h"
#include "integers.h"
#include "posix_beneath.h"
#include "posix_functions.h"
#include "proc_path.h"

namespace dokan {
namespace {

constexpr size_t kStatusLength = 18;
constexpr size_t kTimes = 4;
constexpr uint32_t kSetAccessTime = 1;
constexpr uint32_t kSetModificationTime = 2;

std::array<timespec, 2> Times(const timespec& access, const timespec& modification,
                              uint32_t flags) {
  std::array<timespec, 2> times = {access, modification};
  if ((flags & kSetAccessTime) == 0) {
    times[0].tv_nsec = UTIME_OMIT;
  }
  if ((flags & kSetModificationTime) == 0) {
    times[1].tv_nsec = UTIME_OMIT;
  }
  return times;
}

// The order the TypeScript side documents: dev, ino, mode, nlink, uid, gid, rdev, size, blksize,
// blocks; atime, mtime, ctime, birth time; then what of these four exceeds 64 bits, as before 1677
// and after 2262. The rest of the array is left as it is.
void Fill(std::span<int64_t> out, const struct statx& status) {
  const auto time = [&out](size_t index, const struct statx_timestamp& stamp) {
    const Int128 nanoseconds = Int128{stamp.tv_sec} * kNanosecondsPerSecond + stamp.tv_nsec;
    out[index] = static_cast<int64_t>(nanoseconds);
    out[index + kTimes] = static_cast<int64_t>(nanoseconds >> 64);
  };
  out[0] = static_cast<int64_t>(makedev(status.stx_dev_major, status.stx_dev_minor));
  out[1] = static_cast<int64_t>(status.stx_ino);
  out[2] = status.stx_mode;
  out[3] = status.stx_nlink;
  out[4] = status.stx_uid;
  out[5] = status.stx_gid;
  out[6] = static_cast<int64_t>(makedev(status.stx_rdev_major, status.stx_rdev_minor));
  out[7] = static_cast<int64_t>(status.stx_size);
  out[8] = status.stx_blksize;
  out[9] = static_cast<int64_t>(status.stx_blocks);
  time(10, status.stx_atime);
  time(11, status.stx_mtime);
  time(12, status.stx_ctime);
  if ((status.stx_mask & STATX_BTIME) != 0) {
    time(13, status.stx_btime);
  } else {
    out[13] = -1;
    out[13 + kTimes] = -1;
  }
}

// The C library falls back to fstatat where the kernel has no statx; the birth time is unknown
// then.
int Status(int directory, const char* name, int flags, std::span<int64_t> out) {
  struct statx status = {};
  if (::statx(directory, name, flags, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) {
    return -errno;
  }
  Fill(out, status);
  return 0;
}

int Status(int fd, std::span<int64_t> out) {
  return Status(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, out);
}

bool IsName(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string_view::npos;
}

}  // namespace

napi_value StatBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const std::span<int64_t> out = arguments.BigInt64s(2, "out", kStatusLength);
  if (arguments.failed()) {
    return nullptr;
  }
  if (path.error() == 0 && path.view().empty()) {
    return Number(env, Status(directory, out));
  }
  const int fd = OpenThing(directory, path);
  if (fd < 0) {
    return Number(env, fd);
  }
  const FileDescriptor thing(fd);
  return Number(env, Status(fd, out));
}

// One call where the rules for paths take three: there is no path for a link to be in. The name may
// still be a mount point; who calls tells from the device.
napi_value StatEntry(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath name;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "name", &name);
  const std::span<int64_t> out = arguments.BigInt64s(2, "out", kStatusLength);
  if (arguments.failed()) {
    return nullptr;
  }
  if (name.error() != 0) {
    return Number(env, -name.error());
  }
  if (!IsName(name.view())) {
    return Number(env, -EINVAL);
  }
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  return Number(env, Status(directory, name.c_str(), flags, out));
}

napi_value StatDescriptor(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const std::span<int64_t> out = arguments.BigInt64s(1, "out", kStatusLength);
  if (arguments.failed()) {
    return nullptr;
  }
  return Number(env, Status(fd, out));
}

napi_value ChangeModeBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const mode_t mode = arguments.Uint32(2, "mode");
  if (arguments.failed()) {
    return nullptr;
  }
  const int fd = OpenThing(directory, path);
  if (fd < 0) {
    return Number(env, fd);
  }
  const FileDescriptor thing(fd);
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return Number(env, -errno);
  }
  if (S_ISLNK(status.st_mode)) {
    return Number(env, -EOPNOTSUPP);
  }
  return Number(env, ::chmod(ProcPath(fd).c_str(), mode & 07777U) == 0 ? 0 : -errno);
}

napi_value ChangeOwnerBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const uid_t uid = arguments.Uint32(2, "uid");
  const gid_t gid = arguments.Uint32(3, "gid");
  if (arguments.failed()) {
    return nullptr;
  }
  const int fd = OpenThing(directory, path);
  if (fd < 0) {
    return Number(env, fd);
  }
  const FileDescriptor thing(fd);
  return Number(env, ::fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 ? 0 : -errno);
}

napi_value SetTimesBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const timespec access = arguments.Nanoseconds(2, "atimeNs");
  const timespec modification = arguments.Nanoseconds(3, "mtimeNs");
  const uint32_t flags = arguments.Uint32(4, "flags");
  if (arguments.failed()) {
    return nullptr;
  }
  const int fd = OpenThing(directory, path);
  if (fd < 0) {
    return Number(env, fd);
  }
  const FileDescriptor thing(fd);
  const std::array<timespec, 2> times = Times(access, modification, flags);
  // By way of /proc and not AT_EMPTY_PATH, which utimensat knows only since Linux 5.8.
  const int result = ::utimensat(AT_FDCWD, ProcPath(fd).c_str(), times.data(), 0);
  return Number(env, result == 0 ? 0 : -errno);
}

napi_value SetTimesDescriptor(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const timespec access = arguments.Nanoseconds(1, "atimeNs");
  const timespec modification = arguments.Nanoseconds(2, "mtimeNs");
  const uint32_t flags = arguments.Uint32(3, "flags");
  if (arguments.failed()) {
    return nullptr;
  }
  const std::array<timespec, 2> times = Times(access, modification, flags);
  return Number(env, ::futimens(fd, times.data()) == 0 ? 0 : -errno);
}

}  // namespace dokan
