#pragma once

#include <windows.h>
#include <winternl.h>

// NTSTATUS values that native code answers Dokan with by itself. Not from <ntstatus.h>, which
// fights with <windows.h> over some of them.
namespace dokan::status {

inline constexpr NTSTATUS kSuccess = 0;
inline constexpr NTSTATUS kBufferOverflow = static_cast<NTSTATUS>(0x80000005);
inline constexpr NTSTATUS kInternalError = static_cast<NTSTATUS>(0xC00000E5);
inline constexpr NTSTATUS kInvalidSecurityDescriptor = static_cast<NTSTATUS>(0xC0000079);
inline constexpr NTSTATUS kInsufficientResources = static_cast<NTSTATUS>(0xC000009A);
inline constexpr NTSTATUS kIoTimeout = static_cast<NTSTATUS>(0xC00000B5);
inline constexpr NTSTATUS kPossibleDeadlock = static_cast<NTSTATUS>(0xC0000194);
inline constexpr NTSTATUS kObjectNameCollision = static_cast<NTSTATUS>(0xC0000035);
inline constexpr NTSTATUS kVolumeDismounted = static_cast<NTSTATUS>(0xC000026E);

inline bool IsSuccess(NTSTATUS status) {
  return status >= 0;
}

}  // namespace dokan::status
