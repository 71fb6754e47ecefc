#pragma once

#include <windows.h>

#include <cstdint>

#include "slot.h"

namespace dokan {

// Times in a slot, and Dokan's FILETIMEs: 100 ns since 1601.

// What Dokan gives: false for 0 and for all bits set, which mean "leave it". `in_ticks` when
// nanoseconds do not fit.
bool ReadFileTime(const FILETIME* file_time, int64_t* since_epoch, bool* in_ticks);

// What JavaScript gives, rounded down to 100 ns; 0 for none and for what no FILETIME can say.
FILETIME ToFileTime(TimeKind kind, uint64_t bits);

// Of three times, whose kinds are 2 bits each.
inline TimeKind KindOf(uint32_t kinds, unsigned index) {
  return static_cast<TimeKind>(kinds >> (2 * index) & 3);
}

}  // namespace dokan
