#pragma once

#include <node_api.h>
#include <windows.h>
#include <winternl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/call_arguments.h"
#include "file_path.h"
#include "file_table.h"

namespace dokan {

// One call of a file function from JavaScript: its arguments and its answer.
class FileCall : public CallArguments {
 public:
  FileCall(napi_env env, napi_callback_info info) : CallArguments(env, info) {}

  FileTable& table() const { return *static_cast<FileTable*>(data()); }

  // The file behind a number; nullptr, to be answered with INVALID_HANDLE, when there is none.
  const OpenedFile* File(size_t index, const char* name);
  // undefined, or a bigint of 64 bits.
  std::optional<int64_t> OptionalBigInt(size_t index, const char* name);
  void Path(size_t index, const char* name, FilePath* out);
  // As Bytes; without memory for undefined.
  std::span<uint8_t> OptionalBytes(size_t index, const char* name);

  // A status: 0 for any success, else the NTSTATUS, which is negative.
  napi_value Status(NTSTATUS status) const;
  // A count, size or file number.
  napi_value Number(int64_t value) const;
};

}  // namespace dokan
