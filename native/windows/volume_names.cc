#include "volume_names.h"

#include <algorithm>

namespace dokan {
namespace {

wchar_t Translate(wchar_t unit, NameKind kind) {
  if (kind != NameKind::kPath) {
    return unit;
  }
  // A slash separates nothing in NT's names. As a backslash it stays apart from what does, and is
  // refused with the name.
  return unit == L'\\' ? L'/' : unit == L'/' ? L'\\' : unit;
}

}  // namespace

bool WriteName(Slot* slot, size_t offset, LPCWSTR name, NameKind kind, uint32_t* bytes,
               bool* is_latin1, std::wstring* long_name) {
  size_t length = 0;
  unsigned all = 0;
  for (; name[length] != 0; ++length) {
    all |= static_cast<unsigned>(name[length]);
  }
  *is_latin1 = all <= 0xFF;
  const size_t needed = *is_latin1 ? length : length * sizeof(wchar_t);
  if (offset + needed > kNamesBytes) {
    *bytes = 0;
    long_name->assign(name, length);
    for (wchar_t& unit : *long_name) {
      unit = Translate(unit, kind);
    }
    return false;
  }
  *bytes = static_cast<uint32_t>(needed);
  if (*is_latin1) {
    std::transform(name, name + length, slot->names + offset,
                   [kind](wchar_t unit) { return static_cast<uint8_t>(Translate(unit, kind)); });
  } else {
    // Both the names and `offset` are at even addresses.
    auto* const units = reinterpret_cast<wchar_t*>(slot->names + offset);
    std::transform(name, name + length, units,
                   [kind](wchar_t unit) { return Translate(unit, kind); });
  }
  return true;
}

}  // namespace dokan
