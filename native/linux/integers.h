#pragma once

#include <cstdint>

namespace dokan {

// Nanoseconds of every time a timespec can hold do not fit 64 bits.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace dokan
