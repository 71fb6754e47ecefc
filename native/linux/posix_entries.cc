#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arguments.h"
#include "posix_beneath.h"
#include "posix_functions.h"

namespace dokan {
namespace {

int64_t Result(int64_t returned) {
  return returned >= 0 ? returned : -errno;
}

}  // namespace

napi_value UnlinkBeneath(napi_env env, napi_callback_info info) {
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
  return Number(env, Result(::unlinkat(location.directory(), location.name(), flags)));
}

napi_value MakeDirectoryBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const mode_t mode = arguments.Uint32(2, "mode");
  if (arguments.failed()) {
    return nullptr;
  }
  Location location;
  if (const int error = location.FindEntry(directory, path); error < 0) {
    return Number(env, error);
  }
  return Number(env, Result(::mkdirat(location.directory(), location.name(), mode)));
}

napi_value SymlinkBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath target;
  BytePath path;
  arguments.Path(0, "target", &target);
  const int directory = arguments.Int32(1, "dirFd");
  arguments.Path(2, "path", &path);
  if (arguments.failed()) {
    return nullptr;
  }
  if (target.error() != 0) {
    return Number(env, -target.error());
  }
  Location location;
  if (const int error = location.FindEntry(directory, path); error < 0) {
    return Number(env, error);
  }
  return Number(env, Result(::symlinkat(target.c_str(), location.directory(), location.name())));
}

napi_value LinkBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath old_path;
  BytePath new_path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "oldPath", &old_path);
  arguments.Path(2, "newPath", &new_path);
  if (arguments.failed()) {
    return nullptr;
  }
  Location from;
  Location to;
  int error = from.FindEntry(directory, old_path);
  if (error == 0) {
    error = to.FindEntryBeside(from, old_path, directory, new_path);
  }
  if (error < 0) {
    return Number(env, error);
  }
  // Without AT_SYMLINK_FOLLOW: a symbolic link gets a second name itself.
  return Number(env, Result(::linkat(from.directory(), from.name(), to.directory(), to.name(), 0)));
}

napi_value RenameBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath old_path;
  BytePath new_path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "oldPath", &old_path);
  arguments.Path(2, "newPath", &new_path);
  const uint32_t flags = arguments.Uint32(3, "flags");
  if (arguments.failed()) {
    return nullptr;
  }
  Location from;
  Location to;
  int error = from.FindEntry(directory, old_path);
  if (error == 0) {
    error = to.FindEntryBeside(from, old_path, directory, new_path);
  }
  if (error < 0) {
    return Number(env, error);
  }
  // By number: musl has no wrapper.
  return Number(env, Result(::syscall(SYS_renameat2, from.directory(), from.name(), to.directory(),
                                      to.name(), flags)));
}

napi_value MakeNodeBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const mode_t mode = arguments.Uint32(2, "mode");
  const int64_t device = arguments.Int64(3, "rdev");
  if (arguments.failed()) {
    return nullptr;
  }
  Location location;
  if (const int error = location.FindEntry(directory, path); error < 0) {
    return Number(env, error);
  }
  return Number(env, Result(::mknodat(location.directory(), location.name(), mode,
                                      static_cast<dev_t>(device))));
}

}  // namespace dokan
