// The NTSTATUS values the library itself answers with or looks at. Declared here because the
// headers of windows.h and ntstatus.h contradict each other about some of them.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_NT_STATUS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_NT_STATUS_H_

#include "dokan_abi.h"

namespace simulator::status {

constexpr NtStatus Of(std::uint32_t value) {
  return static_cast<NtStatus>(value);
}

constexpr NtStatus kSuccess = Of(0);
constexpr NtStatus kPending = Of(0x00000103);
constexpr NtStatus kBufferOverflow = Of(0x80000005);
constexpr NtStatus kNoMoreFiles = Of(0x80000006);
constexpr NtStatus kNotImplemented = Of(0xc0000002);
constexpr NtStatus kInvalidHandle = Of(0xc0000008);
constexpr NtStatus kInvalidParameter = Of(0xc000000d);
constexpr NtStatus kNoSuchDevice = Of(0xc000000e);
constexpr NtStatus kNoSuchFile = Of(0xc000000f);
constexpr NtStatus kEndOfFile = Of(0xc0000011);
constexpr NtStatus kAccessDenied = Of(0xc0000022);
constexpr NtStatus kObjectNameNotFound = Of(0xc0000034);
constexpr NtStatus kObjectNameCollision = Of(0xc0000035);
constexpr NtStatus kLockNotGranted = Of(0xc0000055);
constexpr NtStatus kInsufficientResources = Of(0xc000009a);
constexpr NtStatus kNotSupported = Of(0xc00000bb);
constexpr NtStatus kInternalError = Of(0xc00000e5);
constexpr NtStatus kCancelled = Of(0xc0000120);
constexpr NtStatus kCannotDelete = Of(0xc0000121);
constexpr NtStatus kNotFound = Of(0xc0000225);

constexpr bool IsSuccess(NtStatus value) {
  return value >= 0;
}

}  // namespace simulator::status

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_NT_STATUS_H_
