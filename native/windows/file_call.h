#pragma once

#include <node_api.h>
#include <windows.h>
#include <winternl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "file_path.h"
#include "file_table.h"

namespace dokan {

// One call of a file function from JavaScript: its arguments and its answer. Through the C API, as
// the hot functions shall neither allocate nor throw C++ exceptions. The first argument of a wrong
// type throws a TypeError in JavaScript and makes failed() true; the function then returns nullptr.
class FileCall {
 public:
  static constexpr size_t kMaximum = 10;

  FileCall(napi_env env, napi_callback_info info);

  bool failed() const { return failed_; }
  napi_env env() const { return env_; }
  FileTable& table() const { return *table_; }

  // The file behind a number; nullptr, to be answered with INVALID_HANDLE, when there is none.
  const OpenedFile* File(size_t index, const char* name);
  int32_t Int32(size_t index, const char* name);
  uint32_t Uint32(size_t index, const char* name);
  // A number beyond int64 saturates; NaN is 0.
  int64_t Int64(size_t index, const char* name);
  bool Boolean(size_t index, const char* name);
  // undefined, or a bigint of 64 bits.
  std::optional<int64_t> OptionalBigInt(size_t index, const char* name);
  void Path(size_t index, const char* name, FilePath* out);
  // Memory of a Uint8Array, owned by JavaScript: valid until the call returns.
  std::span<uint8_t> Bytes(size_t index, const char* name);
  // As Bytes; without memory for undefined.
  std::span<uint8_t> OptionalBytes(size_t index, const char* name);
  // Memory of a BigInt64Array of at least `minimum` elements.
  std::span<int64_t> BigInt64s(size_t index, const char* name, size_t minimum);

  // A status: 0 for any success, else the NTSTATUS, which is negative.
  napi_value Status(NTSTATUS status) const;
  // A count, size or file number.
  napi_value Number(int64_t value) const;

 private:
  void Refuse(size_t index, const char* name, const char* expected);
  bool IsUndefined(size_t index) const;

  napi_env env_;
  FileTable* table_ = nullptr;
  size_t count_ = kMaximum;
  napi_value values_[kMaximum] = {};
  bool failed_ = false;
};

}  // namespace dokan
