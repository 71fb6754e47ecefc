#pragma once

#include <windows.h>

#include <cstdint>
#include <string>

#include "slot.h"

namespace dokan {

// How Dokan's names get into a slot.
enum class NameKind {
  kPath,  // `\` becomes `/`, and the other way round.
  kText,  // As it is: a pattern or a mount point.
};

// Writes a name into the bytes of the slot from `offset` on, in Latin-1 when it is.
// `bytes` is what it takes. False: it does not fit, and is in `long_name`, translated.
bool WriteName(Slot* slot, size_t offset, LPCWSTR name, NameKind kind, uint32_t* bytes,
               bool* is_latin1, std::wstring* long_name);

}  // namespace dokan
