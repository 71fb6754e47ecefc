#include <span>
#include <string>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"
#include "file_times.h"

namespace dokan {
namespace {

constexpr size_t kFields = 9;

// The information class ends in the name, for which there is this much room; more is not needed.
struct AllWithName {
  nt::AllInformation all;
  WCHAR more_name[8];
};

// The order the TypeScript side documents.
NTSTATUS Query(HANDLE handle, std::span<int64_t> out) {
  AllWithName buffer = {};
  IO_STATUS_BLOCK io = {};
  const NTSTATUS status = nt::FileApi::Get().query_information_file(
      handle, &io, &buffer, sizeof buffer, nt::FileClass::kAll);
  // The name did not fit; all else has been filled in.
  if (!nt::IsSuccess(status) && status != nt::kBufferOverflow) {
    return status;
  }
  const nt::BasicInformation& basic = buffer.all.basic;
  const nt::StandardInformation& standard = buffer.all.standard;
  out[0] = basic.attributes;
  out[1] = ToUnixTicks(basic.creation_time);
  out[2] = ToUnixTicks(basic.last_access_time);
  out[3] = ToUnixTicks(basic.last_write_time);
  out[4] = ToUnixTicks(basic.change_time);
  out[5] = standard.end_of_file;
  out[6] = standard.allocation_size;
  out[7] = standard.number_of_links;
  out[8] = buffer.all.index_number;
  return nt::kSuccess;
}

template <typename Information>
NTSTATUS Set(HANDLE handle, nt::FileClass information_class, const Information& information) {
  IO_STATUS_BLOCK io = {};
  return nt::FileApi::Get().set_information_file(handle, &io, &information, sizeof information,
                                                 information_class);
}

// Both classes consist of one number.
napi_value SetLength(napi_env env, napi_callback_info info, nt::FileClass information_class) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const int64_t length = call.Int64(1, "length");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  return call.Status(WithAccess(*file, FILE_WRITE_DATA, [&](HANDLE handle) {
    return Set(handle, information_class, length);
  }));
}

}  // namespace

// queryFile(file, out)
napi_value QueryFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const auto out = call.BigInt64s(1, "out", kFields);
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  return call.Status(
      WithAccess(*file, FILE_READ_ATTRIBUTES, [&](HANDLE handle) { return Query(handle, out); }));
}

// queryPath(directory, path, out)
napi_value QueryPathFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const directory = call.File(0, "directory");
  FilePath path;
  call.Path(1, "path", &path);
  const auto out = call.BigInt64s(2, "out", kFields);
  if (call.failed()) {
    return nullptr;
  }
  if (directory == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  if (!nt::IsSuccess(path.status())) {
    return call.Status(path.status());
  }
  // Who only looks at attributes takes no part in sharing.
  OpenRequest request;
  request.access = FILE_READ_ATTRIBUTES;
  request.options = nt::kOpenReparsePoint;
  const OpenResult opened = OpenRelative(*directory, path.text(), request);
  return call.Status(nt::IsSuccess(opened.status) ? Query(opened.handle.get(), out)
                                                  : opened.status);
}

// setBasic(file, attributes, creationTime, lastAccessTime, lastWriteTime)
napi_value SetBasicFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const uint32_t attributes = call.Uint32(1, "attributes");
  const auto creation = call.OptionalBigInt(2, "creationTime");
  const auto access = call.OptionalBigInt(3, "lastAccessTime");
  const auto write = call.OptionalBigInt(4, "lastWriteTime");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  nt::BasicInformation basic = {};
  basic.attributes = attributes;
  if (!FromUnixTicks(creation, &basic.creation_time) ||
      !FromUnixTicks(access, &basic.last_access_time) ||
      !FromUnixTicks(write, &basic.last_write_time)) {
    return call.Status(nt::kInvalidParameter);
  }
  return call.Status(WithAccess(*file, FILE_WRITE_ATTRIBUTES, [&](HANDLE handle) {
    return Set(handle, nt::FileClass::kBasic, basic);
  }));
}

// setEndOfFile(file, length)
napi_value SetEndOfFileFunction(napi_env env, napi_callback_info info) {
  return SetLength(env, info, nt::FileClass::kEndOfFile);
}

// setAllocationSize(file, length)
napi_value SetAllocationSizeFunction(napi_env env, napi_callback_info info) {
  return SetLength(env, info, nt::FileClass::kAllocation);
}

}  // namespace dokan
