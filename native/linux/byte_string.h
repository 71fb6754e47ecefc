#pragma once

#include <node_api.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace dokan {

// Names on Linux are bytes; names in JavaScript are UTF-16. A byte b that is no part of valid UTF-8
// becomes the lone surrogate U+DC00+b and comes back as that byte, so every name survives a round
// trip. (The convention of Python's "surrogateescape".)

// PATH_MAX of the kernel: the longest path it takes, with the NUL at its end.
inline constexpr size_t kPathCapacity = 4096;

// UTF-16 to bytes, without a NUL at the end. Returns the length, -EILSEQ for a lone surrogate that
// stands for no byte, -ENAMETOOLONG when `capacity` is too small.
ssize_t EncodeBytes(const char16_t* text, size_t length, char* out, size_t capacity);

// Bytes to a JavaScript string. nullptr only when the engine cannot make the string.
napi_value DecodeBytes(napi_env env, std::string_view bytes);

// A path or name on the stack, always followed by a NUL.
class BytePath {
 public:
  // Reads a string or a Uint8Array. False: `value` is neither. Everything else that is wrong with
  // it (EINVAL: a NUL inside; EILSEQ; ENAMETOOLONG) is in error() as a positive errno.
  [[nodiscard]] bool Read(napi_env env, napi_value value);

  int error() const { return error_; }
  const char* c_str() const { return bytes_; }
  char* data() { return bytes_; }
  size_t size() const { return length_; }
  std::string_view view() const { return {bytes_, length_}; }

 private:
  char bytes_[kPathCapacity];
  size_t length_ = 0;
  int error_ = 0;
};

}  // namespace dokan
