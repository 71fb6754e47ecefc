#pragma once

#include <windows.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "dokan_abi.h"
#include "slot.h"

namespace dokan {

// What JavaScript answered, as Dokan wants it.

// A size that JavaScript gave; 0 for what is none.
uint64_t ToSize(double size);

void ReadFileInformation(const Answer& answer, BY_HANDLE_FILE_INFORMATION* out);

// Cut to the buffer, with a NUL at its end.
void CopyText(std::wstring_view text, LPWSTR out, DWORD units);

// Calls `fill` with every entry. One with a name too long for the structure is left out: NT's
// structures for a listing could hold it, Dokan's cannot.
void GiveEntries(std::span<const uint8_t> data, abi::FillFindData fill, abi::FileInfo* info);

// False: Dokan's buffer is full.
bool GiveStreams(std::span<const uint8_t> data, abi::FillStreamData fill, PVOID context);

}  // namespace dokan
