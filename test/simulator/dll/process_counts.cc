#include "process_counts.h"

// tlhelp32.h is not complete by itself.
// clang-format off
#include <winsock2.h>
#include <windows.h>
#include <tlhelp32.h>
#include <winternl.h>
// clang-format on

#include <vector>

namespace simulator {
namespace {

// SYSTEM_HANDLE_INFORMATION_EX: Wine has no GetProcessHandleCount.
constexpr auto kSystemExtendedHandleInformation = static_cast<SYSTEM_INFORMATION_CLASS>(64);
constexpr NTSTATUS kInfoLengthMismatch = static_cast<NTSTATUS>(0xc0000004);

struct HandleEntry {
  void* object;
  ULONG_PTR process;
  ULONG_PTR handle;
  ULONG access;
  USHORT creator;
  USHORT type;
  ULONG attributes;
  ULONG reserved;
};

struct HandleList {
  ULONG_PTR count;
  ULONG_PTR reserved;
  HandleEntry entries[1];
};

std::size_t CountHandles() {
  std::vector<char> buffer(1024 * 1024);
  NTSTATUS result = kInfoLengthMismatch;
  while (result == kInfoLengthMismatch && buffer.size() <= 64 * 1024 * 1024) {
    ULONG length = 0;
    result = NtQuerySystemInformation(kSystemExtendedHandleInformation, buffer.data(),
                                      static_cast<ULONG>(buffer.size()), &length);
    if (result == kInfoLengthMismatch) buffer.resize(buffer.size() * 2);
  }
  if (result != 0) return 0;
  const auto* list = reinterpret_cast<const HandleList*>(buffer.data());
  std::size_t count = 0;
  for (ULONG_PTR i = 0; i < list->count; ++i) {
    if (list->entries[i].process == GetCurrentProcessId()) ++count;
  }
  return count;
}

std::size_t CountThreads() {
  const HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  if (snapshot == INVALID_HANDLE_VALUE) return 0;
  THREADENTRY32 entry = {};
  entry.dwSize = sizeof entry;
  std::size_t count = 0;
  for (BOOL more = Thread32First(snapshot, &entry); more != FALSE;
       more = Thread32Next(snapshot, &entry)) {
    if (entry.th32OwnerProcessID == GetCurrentProcessId()) ++count;
  }
  CloseHandle(snapshot);
  return count;
}

}  // namespace

ProcessCounts CountOfProcess() {
  return {CountHandles(), CountThreads()};
}

}  // namespace simulator
