#include "posix_stepwise.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

#include "file_descriptor.h"
#include "volume_devices.h"

namespace dokan {
namespace {

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

// The file system a descriptor is of, told from what the kernel knows: a volume is not asked, for
// it might be waiting for us. Returns 0 or -errno.
int DeviceOf(int fd, dev_t* device) {
  struct statx status = {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) != 0) {
    return -errno;
  }
  *device = makedev(status.stx_dev_major, status.stx_dev_minor);
  return 0;
}

// 0, or why a descriptor below a directory of device `home` is not to be used. Closes it then.
int Check(FileDescriptor* thing, dev_t home) {
  dev_t device = 0;
  int error = DeviceOf(thing->get(), &device);
  // The directory itself may be one of a volume: that much was asked for.
  if (error == 0 && device != home && IsVolumeDevice(device)) {
    error = -ENOENT;
  }
  if (error != 0) {
    thing->Reset();
  }
  return error;
}

int OpenLast(int directory, const char* name, int flags, mode_t mode, dev_t home) {
  if ((flags & O_PATH) != 0) {
    const int fd = OpenComponent(directory, name, flags, mode);
    FileDescriptor thing(fd);
    if (fd < 0) {
      return fd;
    }
    const int error = Check(&thing, home);
    return error != 0 ? error : thing.Release();
  }
  // Opening a volume's root is to ask that volume: what is there is looked at first.
  FileDescriptor thing(::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (thing.valid()) {
    if (const int error = Check(&thing, home); error != 0) {
      return error;
    }
  }
  return OpenComponent(directory, name, flags, mode);
}

}  // namespace

int OpenStepwise(int directory, std::string_view path, int flags, mode_t mode) {
  dev_t home = 0;
  if (const int error = DeviceOf(directory, &home); error != 0) {
    return error;
  }
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
      return OpenLast(current, name.empty() ? "." : name.c_str(),
                      must_be_directory ? flags | O_DIRECTORY : flags, mode, home);
    }
    if (!name.empty() && name != ".") {
      const int next =
          OpenComponent(current, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
      if (next < 0) {
        return next;
      }
      owned.Reset(next);
      if (const int error = Check(&owned, home); error != 0) {
        return error;
      }
      current = next;
    }
    path = rest;
  }
}

}  // namespace dokan
