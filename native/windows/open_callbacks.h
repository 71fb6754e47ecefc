#pragma once

#include <windows.h>

#include "dokan_abi.h"

namespace dokan {

// Dokan's callbacks around an open, from createFile, which learns how it can be served without
// JavaScript, to closeFile.
NTSTATUS WINAPI CreateFileCallback(LPCWSTR name, abi::IoSecurityContext* security,
                                   ACCESS_MASK access, ULONG attributes, ULONG share,
                                   ULONG disposition, ULONG options, abi::FileInfo* info);
void WINAPI CleanupCallback(LPCWSTR name, abi::FileInfo* info);
void WINAPI CloseFileCallback(LPCWSTR name, abi::FileInfo* info);

}  // namespace dokan
