#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "arguments.h"
#include "posix_beneath.h"
#include "posix_functions.h"

// Of the kernel's interface; musl declares statx without them.
#ifndef STATX_ATTR_IMMUTABLE
#define STATX_ATTR_IMMUTABLE 0x00000010
#endif
#ifndef STATX_ATTR_APPEND
#define STATX_ATTR_APPEND 0x00000020
#endif

namespace dokan {
namespace {

// Ownership does not matter to who has this. Sandboxes may forbid the question: then it does.
bool HasOwnerCapability() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data = {};
  return ::syscall(SYS_capget, &header, data.data()) == 0 &&
         (data[0].effective & (1U << CAP_FOWNER)) != 0;
}

int Look(int directory, const char* name, struct statx* status) {
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  return ::statx(directory, name, flags, STATX_BASIC_STATS, status) == 0 ? 0 : -errno;
}

// The kernel's own checks (may_delete in fs/namei.c), the mount point first.
int CheckRemoval(int directory, const char* name, int flags) {
  if (IsMountPoint(directory, name)) {
    return -EBUSY;
  }
  struct statx parent = {};
  struct statx thing = {};
  if (const int error = Look(directory, name, &thing); error != 0) {
    return error;
  }
  if (const int error = Look(directory, "", &parent); error != 0) {
    return error;
  }
  if (::faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return -errno;
  }
  const auto has = [](const struct statx& status, uint64_t attribute) {
    return (status.stx_attributes & attribute) != 0;
  };
  if (has(parent, STATX_ATTR_APPEND) || has(thing, STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE)) {
    return -EPERM;
  }
  const uid_t user = ::geteuid();
  if ((parent.stx_mode & S_ISVTX) != 0 && thing.stx_uid != user && parent.stx_uid != user &&
      !HasOwnerCapability()) {
    return -EPERM;
  }
  const bool directory_wanted = (flags & AT_REMOVEDIR) != 0;
  if (directory_wanted != S_ISDIR(thing.stx_mode)) {
    return directory_wanted ? -ENOTDIR : -EISDIR;
  }
  return 0;
}

}  // namespace

napi_value CheckUnlinkBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const int flags = arguments.Int32(2, "flags");
  if (arguments.failed()) {
    return nullptr;
  }
  Location location;
  if (const int error = location.FindEntry(directory, path); error < 0) {
    return Number(env, error);
  }
  return Number(env, CheckRemoval(location.directory(), location.name(), flags));
}

}  // namespace dokan
