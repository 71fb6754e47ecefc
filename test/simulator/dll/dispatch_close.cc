// The end of an open: Cleanup when the last handle goes, CloseFile when the kernel lets go.

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"

namespace simulator {

NtStatus RunCleanup(Request& request) {
  constexpr std::uint32_t kDeleteOnClose = 16;
  if (request.fields.Flag("deleteOnClose") ||
      (request.fields.Word("fileFlags") & kDeleteOnClose) != 0) {
    request.info.delete_pending = 1;
  }
  if (request.operations().Cleanup != nullptr) {
    Call(Callback::kCleanup, request.operations().Cleanup, request.name.c_str(), &request.info);
  }
  return status::kSuccess;
}

// CloseFile itself runs when the last request of the open has ended.
NtStatus RunClose(Request& request) {
  return request.open ? status::kSuccess : status::kInvalidHandle;
}

}  // namespace simulator
