#pragma once

#include <windows.h>

#include "dokan_abi.h"

namespace dokan {

// Dokan's callbacks for data: answered by the real file behind the open, by what was read ahead, or
// by JavaScript.
NTSTATUS WINAPI ReadFileCallback(LPCWSTR name, LPVOID buffer, DWORD length, LPDWORD done,
                                 LONGLONG offset, abi::FileInfo* info);
NTSTATUS WINAPI WriteFileCallback(LPCWSTR name, LPCVOID buffer, DWORD length, LPDWORD done,
                                  LONGLONG offset, abi::FileInfo* info);

}  // namespace dokan
