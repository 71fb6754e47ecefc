#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "arguments.h"
#include "javascript_values.h"
#include "posix_beneath.h"
#include "posix_functions.h"

namespace dokan {

napi_value OpenBeneathFunction(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  const int flags = arguments.Int32(2, "flags");
  const mode_t mode = arguments.Uint32(3, "mode");
  if (arguments.failed()) {
    return nullptr;
  }
  return Number(env, OpenBeneath(directory, path, flags, mode));
}

napi_value ReadLinkBeneath(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  if (arguments.failed()) {
    return nullptr;
  }
  Location location;
  if (const int error = location.FindEntry(directory, path); error < 0) {
    return Number(env, error);
  }
  char target[kPathCapacity];
  const ssize_t length = ::readlinkat(location.directory(), location.name(), target, sizeof target);
  if (length < 0) {
    return Number(env, -errno);
  }
  return BytesToJavaScript(env, target, static_cast<size_t>(length));
}

napi_value Fallocate(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const int mode = arguments.Int32(1, "mode");
  const int64_t offset = arguments.Int64(2, "offset");
  const int64_t length = arguments.Int64(3, "length");
  if (arguments.failed()) {
    return nullptr;
  }
  return Number(env, ::fallocate(fd, mode, offset, length) == 0 ? 0 : -errno);
}

napi_value Seek(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const int64_t offset = arguments.Int64(1, "offset");
  const int whence = arguments.Int32(2, "whence");
  if (arguments.failed()) {
    return nullptr;
  }
  const off_t position = ::lseek(fd, offset, whence);
  return Number(env, position >= 0 ? position : -errno);
}

napi_value UseOpenat2Function(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const bool enabled = arguments.Int32(0, "enabled") != 0;
  if (arguments.failed()) {
    return nullptr;
  }
  return Number(env, UseOpenat2(enabled) ? 1 : 0);
}

}  // namespace dokan
