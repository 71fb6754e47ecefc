#include <algorithm>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"

namespace dokan {
namespace {

// NT's counts have 32 bits, and drivers round up to pages and sectors.
constexpr size_t kAtOnce = size_t{1} << 30;

// FILE_WRITE_TO_END_OF_FILE as a 64-bit offset.
constexpr int64_t kToEnd = -1;

// Answers at the end of the file with fewer bytes, or none.
template <typename Transfer>
napi_value TransferAll(const FileCall& call, size_t size, const Transfer& transfer) {
  size_t done = 0;
  do {
    IO_STATUS_BLOCK io = {};
    const auto length = static_cast<ULONG>(std::min(size - done, kAtOnce));
    const NTSTATUS status = transfer(&io, done, length);
    if (status == nt::kEndOfFileReached) {
      break;
    }
    if (!nt::IsSuccess(status)) {
      // What has been transferred has been: the next call gets the error.
      return done == 0 ? call.Status(status) : call.Number(static_cast<int64_t>(done));
    }
    done += io.Information;
    if (io.Information < length) {
      break;
    }
  } while (done < size);
  return call.Number(static_cast<int64_t>(done));
}

DWORD LowPart(int64_t value) {
  return static_cast<DWORD>(value);
}

DWORD HighPart(int64_t value) {
  return static_cast<DWORD>(value >> 32);
}

OVERLAPPED StartingAt(int64_t offset) {
  OVERLAPPED start = {};
  start.Offset = LowPart(offset);
  start.OffsetHigh = HighPart(offset);
  return start;
}

// Locks go through Windows, not NT: Wine's NtLockFile wants to be called as only Windows calls it.
NTSTATUS StatusOfLockError() {
  switch (GetLastError()) {
    case ERROR_LOCK_VIOLATION:
      return nt::kLockNotGranted;
    case ERROR_NOT_LOCKED:
      return nt::kRangeNotLocked;
    case ERROR_ACCESS_DENIED:
      return nt::kAccessDenied;
    default:
      return nt::kInvalidParameter;
  }
}

}  // namespace

// readFile(file, buffer, offset)
napi_value ReadFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const auto buffer = call.Bytes(1, "buffer");
  const int64_t start = call.Int64(2, "offset");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  // Negative offsets have meanings of their own to NT.
  if (start < 0) {
    return call.Status(nt::kInvalidParameter);
  }
  return TransferAll(call, buffer.size(), [&](IO_STATUS_BLOCK* io, size_t done, ULONG length) {
    int64_t offset = start + static_cast<int64_t>(done);
    return nt::FileApi::Get().read_file(file->handle.get(), nullptr, nullptr, nullptr, io,
                                        buffer.data() + done, length, &offset, nullptr);
  });
}

// writeFile(file, data, offset, append)
napi_value WriteFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const auto data = call.Bytes(1, "data");
  const int64_t start = call.Int64(2, "offset");
  const bool append = call.Boolean(3, "append");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  if (start < 0 && !append) {
    return call.Status(nt::kInvalidParameter);
  }
  return TransferAll(call, data.size(), [&](IO_STATUS_BLOCK* io, size_t done, ULONG length) {
    int64_t offset = append ? kToEnd : start + static_cast<int64_t>(done);
    return nt::FileApi::Get().write_file(file->handle.get(), nullptr, nullptr, nullptr, io,
                                         data.data() + done, length, &offset, nullptr);
  });
}

// flushFile(file)
napi_value FlushFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  return call.Status(WithAccess(*file, FILE_WRITE_DATA, [](HANDLE handle) {
    IO_STATUS_BLOCK io = {};
    return nt::FileApi::Get().flush_buffers_file(handle, &io);
  }));
}

// lockFile(file, offset, length, exclusive)
napi_value LockFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const int64_t offset = call.Int64(1, "offset");
  const int64_t length = call.Int64(2, "length");
  const bool exclusive = call.Boolean(3, "exclusive");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  const DWORD flags = LOCKFILE_FAIL_IMMEDIATELY | (exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0);
  OVERLAPPED start = StartingAt(offset);
  const BOOL locked =
      LockFileEx(file->handle.get(), flags, 0, LowPart(length), HighPart(length), &start);
  return call.Status(locked != FALSE ? nt::kSuccess : StatusOfLockError());
}

// unlockFile(file, offset, length)
napi_value UnlockFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const int64_t offset = call.Int64(1, "offset");
  const int64_t length = call.Int64(2, "length");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  OVERLAPPED start = StartingAt(offset);
  const BOOL unlocked =
      UnlockFileEx(file->handle.get(), 0, LowPart(length), HighPart(length), &start);
  return call.Status(unlocked != FALSE ? nt::kSuccess : StatusOfLockError());
}

}  // namespace dokan
