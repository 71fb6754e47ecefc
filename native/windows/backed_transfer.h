#pragma once

#include <windows.h>
#include <winternl.h>

#include <optional>

#include "backing_file.h"
#include "dokan_abi.h"

namespace dokan {

// Reads and writes that a Dokan thread serves by itself, on the real file behind the open. None:
// JavaScript is to be asked, which knows better what to do, or what to answer, where the file does
// not do as asked.
std::optional<NTSTATUS> ReadBacked(const BackingFile& file, LPVOID buffer, DWORD length,
                                   LONGLONG offset, DWORD* done, abi::FileInfo* info);
std::optional<NTSTATUS> WriteBacked(const BackingFile& file, LPCVOID data, DWORD length,
                                    LONGLONG offset, DWORD* done, abi::FileInfo* info);

}  // namespace dokan
