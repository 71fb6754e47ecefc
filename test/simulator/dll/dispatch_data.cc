// Reading, writing, flushing, locking.

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"

namespace simulator {

NtStatus RunRead(Request& request) {
  if (request.operations().ReadFile == nullptr) return status::kNotImplemented;
  const std::int64_t offset = request.fields.Integer("offset");
  const std::uint32_t length = request.fields.Word("length");
  // Not cleared: the library does not either, and a file system that claims bytes it has not
  // written shows.
  if (request.data.size() < length) request.data.resize(length);
  DWORD done = 0;
  const NtStatus result =
      Call(Callback::kReadFile, request.operations().ReadFile, request.name.c_str(),
           static_cast<void*>(request.data.data()), length, &done, offset, &request.info);
  if (result != status::kSuccess) return result;
  if (done == 0) return status::kEndOfFile;
  request.reply.Number("offset", offset + done);
  request.data_length = done < length ? done : length;
  return result;
}

NtStatus RunWrite(Request& request) {
  const std::int64_t offset = request.fields.Integer("offset");
  NtStatus result = status::kNotImplemented;
  DWORD done = 0;
  if (request.operations().WriteFile != nullptr) {
    result = Call(Callback::kWriteFile, request.operations().WriteFile, request.name.c_str(),
                  static_cast<const void*>(request.payload.data()),
                  static_cast<DWORD>(request.payload.size()), &done, offset, &request.info);
  }
  const bool written = result == status::kSuccess;
  request.reply.Number("offset", written ? offset + done : 0);
  request.reply.Number("written", written ? done : 0);
  return result;
}

NtStatus RunFlush(Request& request) {
  if (request.operations().FlushFileBuffers == nullptr) return status::kSuccess;
  const NtStatus result = Call(Callback::kFlushFileBuffers, request.operations().FlushFileBuffers,
                               request.name.c_str(), &request.info);
  if (result == status::kNotImplemented) return status::kSuccess;
  return result == status::kSuccess ? result : status::kNotSupported;
}

NtStatus RunLock(Request& request) {
  if (request.operations().LockFile == nullptr) return status::kNotImplemented;
  const NtStatus result =
      Call(Callback::kLockFile, request.operations().LockFile, request.name.c_str(),
           request.fields.Integer("offset"), request.fields.Integer("length"), &request.info);
  if (result == status::kNotImplemented || result == status::kSuccess) return result;
  return status::kLockNotGranted;
}

NtStatus RunUnlock(Request& request) {
  if (request.operations().UnlockFile == nullptr) return status::kNotImplemented;
  const NtStatus result =
      Call(Callback::kUnlockFile, request.operations().UnlockFile, request.name.c_str(),
           request.fields.Integer("offset"), request.fields.Integer("length"), &request.info);
  return result == status::kNotImplemented ? result : status::kSuccess;
}

}  // namespace simulator
