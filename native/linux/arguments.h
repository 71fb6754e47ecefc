#pragma once

#include <node_api.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "byte_string.h"

namespace dokan {

// The arguments of one call from JavaScript, read through the C API: the hot functions may neither
// allocate nor throw C++ exceptions. The first argument of a wrong type throws a TypeError in
// JavaScript and makes failed() true; the caller then returns nullptr.
class Arguments {
 public:
  static constexpr size_t kMaximum = 8;

  Arguments(napi_env env, napi_callback_info info);

  bool failed() const { return failed_; }
  napi_env env() const { return env_; }
  napi_value self() const { return self_; }

  int32_t Int32(size_t index, const char* name);
  uint32_t Uint32(size_t index, const char* name);
  // Numbers beyond int64 saturate, NaN is 0.
  int64_t Int64(size_t index, const char* name);
  // A BigInt outside int64 is a RangeError.
  // Nanoseconds since the epoch, a bigint of any size a timespec can hold.
  timespec Nanoseconds(size_t index, const char* name);
  void Path(size_t index, const char* name, BytePath* out);
  // Memory of a Uint8Array, owned by JavaScript: valid until this call returns. data() is nullptr
  // for a detached one.
  std::span<uint8_t> Bytes(size_t index, const char* name);
  // Memory of a BigInt64Array of at least `minimum` elements.
  std::span<int64_t> BigInt64Array(size_t index, const char* name, size_t minimum);

 private:
  void Refuse(size_t index, const char* name, const char* expected);

  napi_env env_;
  size_t count_ = kMaximum;
  napi_value values_[kMaximum];
  napi_value self_ = nullptr;
  bool failed_ = false;
};

// A result of the POSIX kind: >= 0, or -errno.
napi_value Number(napi_env env, int64_t value);

}  // namespace dokan
