#pragma once

#include <cstdint>
#include <optional>

namespace dokan {

// JavaScript gets and gives times in units of 100 ns, as NT has them, but since the Unix epoch: in
// nanoseconds, 64 bits would not reach back to 1601, where NT's times begin.
inline constexpr int64_t kUnixEpoch = 116444736000000000;

// Never overflows upwards; a time that NT says is before its year 0 is none anyway.
inline int64_t ToUnixTicks(int64_t file_time) {
  return file_time < INT64_MIN + kUnixEpoch ? INT64_MIN : file_time - kUnixEpoch;
}

// Nothing given is 0, which NT takes for "leave it". False for what NT has no number for: 0 and
// what is negative mean something else to it.
inline bool FromUnixTicks(std::optional<int64_t> ticks, int64_t* file_time) {
  if (!ticks) {
    *file_time = 0;
    return true;
  }
  if (*ticks <= -kUnixEpoch || *ticks > INT64_MAX - kUnixEpoch) {
    return false;
  }
  *file_time = *ticks + kUnixEpoch;
  return true;
}

}  // namespace dokan
