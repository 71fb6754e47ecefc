#include "file_call.h"

#include "nt_file_api.h"

namespace dokan {

const OpenedFile* FileCall::File(size_t index, const char* name) {
  return table().Find(Int32(index, name));
}

std::optional<int64_t> FileCall::OptionalBigInt(size_t index, const char* name) {
  int64_t number = 0;
  bool is_lossless = false;
  if (napi_get_value_bigint_int64(env(), value(index), &number, &is_lossless) == napi_ok &&
      is_lossless) {
    return number;
  }
  if (!IsUndefined(index)) {
    Refuse(index, name, "a bigint of 64 bits or undefined");
  }
  return std::nullopt;
}

void FileCall::Path(size_t index, const char* name, FilePath* out) {
  if (!out->Read(env(), value(index))) {
    Refuse(index, name, "a string");
  }
}

std::span<uint8_t> FileCall::OptionalBytes(size_t index, const char* name) {
  return IsUndefined(index) ? std::span<uint8_t>() : Bytes(index, name);
}

napi_value FileCall::Status(NTSTATUS status) const {
  return Number(nt::IsSuccess(status) ? 0 : status);
}

napi_value FileCall::Number(int64_t value) const {
  return dokan::Number(env(), value);
}

}  // namespace dokan
