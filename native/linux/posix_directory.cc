#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "javascript_values.h"
#include "posix_beneath.h"
#include "posix_functions.h"

namespace dokan {
namespace {

struct CloseStream {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

}  // namespace

// { names, types, inodes }: three parallel lists, which is cheaper than an object per entry.
napi_value ReadDirectory(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  BytePath path;
  const int directory = arguments.Int32(0, "dirFd");
  arguments.Path(1, "path", &path);
  if (arguments.failed()) {
    return nullptr;
  }
  const int fd = OpenBeneath(directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (fd < 0) {
    return Number(env, fd);
  }
  const std::unique_ptr<DIR, CloseStream> stream(::fdopendir(fd));
  if (!stream) {
    const int error = errno;
    ::close(fd);
    return Number(env, -error);
  }
  napi_value names = nullptr;
  napi_create_array(env, &names);
  std::vector<uint8_t> types;
  std::vector<uint64_t> inodes;
  while (true) {
    errno = 0;
    // One thread uses this stream; readdir_r is deprecated in favour of this.
    const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe)
    if (entry == nullptr) {
      if (errno != 0) {
        return Number(env, -errno);
      }
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    napi_set_element(env, names, static_cast<uint32_t>(types.size()), DecodeBytes(env, name));
    types.push_back(entry->d_type);
    inodes.push_back(entry->d_ino);
  }
  napi_value result = nullptr;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "names", names);
  napi_set_named_property(env, result, "types", BytesToJavaScript(env, types.data(), types.size()));
  napi_set_named_property(env, result, "inodes",
                          BigUint64sToJavaScript(env, inodes.data(), inodes.size()));
  return result;
}

}  // namespace dokan
