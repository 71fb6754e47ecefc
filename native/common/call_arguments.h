#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace dokan {

// The arguments of one call from JavaScript, read through the C API: the hot functions may neither
// allocate nor throw C++ exceptions. The first argument of a wrong type throws a TypeError in
// JavaScript and makes failed() true; the caller then returns nullptr. Each system's functions add
// what only they take.
class CallArguments {
 public:
  static constexpr size_t kMaximum = 10;

  bool failed() const { return failed_; }
  napi_env env() const { return env_; }
  napi_value self() const { return self_; }

  int32_t Int32(size_t index, const char* name);
  uint32_t Uint32(size_t index, const char* name);
  // A number beyond int64 saturates; NaN is 0.
  int64_t Int64(size_t index, const char* name);
  bool Boolean(size_t index, const char* name);
  // Memory of a Uint8Array, owned by JavaScript: valid until the call returns. data() is nullptr
  // for a detached one.
  std::span<uint8_t> Bytes(size_t index, const char* name);
  // Memory of a BigInt64Array of at least `minimum` elements.
  std::span<int64_t> BigInt64s(size_t index, const char* name, size_t minimum);

 protected:
  CallArguments(napi_env env, napi_callback_info info);

  // What the function was made with.
  void* data() const { return data_; }
  napi_value value(size_t index) const { return values_[index]; }
  bool IsUndefined(size_t index) const;
  void Refuse(size_t index, const char* name, const char* expected);
  void RefuseRange(const char* name, const char* expected);

 private:
  napi_env env_;
  napi_value self_ = nullptr;
  void* data_ = nullptr;
  size_t count_ = kMaximum;
  // Missing arguments are filled with `undefined` by the runtime.
  napi_value values_[kMaximum] = {};
  bool failed_ = false;
};

// A count, a size, or a status of the POSIX kind (>= 0, or -errno).
napi_value Number(napi_env env, int64_t value);

}  // namespace dokan
