#include <errno.h>
#include <sys/xattr.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "file_descriptor.h"
#include "javascript_values.h"
#include "posix_beneath.h"
#include "posix_functions.h"
#include "proc_path.h"

namespace dokan {
namespace {

// Most values and lists fit; the kernel's limit is 64 KiB for both.
constexpr size_t kFirstTry = 4096;
constexpr size_t kLargest = 65536;

// Calls `read(buffer, size)`, with a larger buffer when the first is too small, and hands the
// result to `convert`.
napi_value ReadAll(napi_env env, const std::function<ssize_t(char*, size_t)>& read,
                   const std::function<napi_value(const char*, size_t)>& convert) {
  std::array<char, kFirstTry> first;
  ssize_t size = read(first.data(), first.size());
  if (size >= 0) {
    return convert(first.data(), static_cast<size_t>(size));
  }
  if (errno != ERANGE) {
    return Number(env, -errno);
  }
  std::vector<char> second(kLargest);
  size = read(second.data(), second.size());
  return size >= 0 ? convert(second.data(), static_cast<size_t>(size)) : Number(env, -errno);
}

napi_value NamesToJavaScript(napi_env env, const char* data, size_t size) {
  napi_value result = nullptr;
  napi_create_array(env, &result);
  uint32_t count = 0;
  for (std::string_view rest(data, size); !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('\0'));
    napi_set_element(env, result, count++, DecodeBytes(env, name));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return result;
}

// The thing an xattr call is for. fd() is -errno when it cannot be opened or the name is bad.
class Target {
 public:
  Target(Arguments& arguments, bool named) {
    const int directory = arguments.Int32(0, "dirFd");
    BytePath path;
    arguments.Path(1, "path", &path);
    if (named) {
      arguments.Path(2, "name", &name_);
    }
    if (arguments.failed()) {
      return;
    }
    error_ = named ? -name_.error() : 0;
    if (error_ == 0) {
      const int fd = OpenThing(directory, path);
      fd_.Reset(fd);
      error_ = fd < 0 ? fd : 0;
    }
  }

  int error() const { return error_; }
  const char* name() const { return name_.c_str(); }
  ProcPath path() const { return ProcPath(fd_.get()); }

 private:
  BytePath name_;
  FileDescriptor fd_;
  int error_ = 0;
};

}  // namespace

napi_value GetXattr(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Target target(arguments, true);
  if (arguments.failed()) {
    return nullptr;
  }
  if (target.error() < 0) {
    return Number(env, target.error());
  }
  return ReadAll(
      env,
      [&](char* buffer, size_t size) {
        return ::getxattr(target.path().c_str(), target.name(), buffer, size);
      },
      [&](const char* data, size_t size) { return BytesToJavaScript(env, data, size); });
}

napi_value SetXattr(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Target target(arguments, true);
  const std::span<uint8_t> value = arguments.Bytes(3, "value");
  const int flags = arguments.Int32(4, "flags");
  if (arguments.failed()) {
    return nullptr;
  }
  if (target.error() < 0) {
    return Number(env, target.error());
  }
  const int result =
      ::setxattr(target.path().c_str(), target.name(), value.data(), value.size(), flags);
  return Number(env, result == 0 ? 0 : -errno);
}

napi_value ListXattr(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Target target(arguments, false);
  if (arguments.failed()) {
    return nullptr;
  }
  if (target.error() < 0) {
    return Number(env, target.error());
  }
  return ReadAll(
      env,
      [&](char* buffer, size_t size) { return ::listxattr(target.path().c_str(), buffer, size); },
      [&](const char* data, size_t size) { return NamesToJavaScript(env, data, size); });
}

napi_value RemoveXattr(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Target target(arguments, true);
  if (arguments.failed()) {
    return nullptr;
  }
  if (target.error() < 0) {
    return Number(env, target.error());
  }
  const int result = ::removexattr(target.path().c_str(), target.name());
  return Number(env, result == 0 ? 0 : -errno);
}

}  // namespace dokan
