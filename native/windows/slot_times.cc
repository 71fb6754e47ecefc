#include "slot_times.h"

#include <bit>
#include <cmath>

namespace dokan {
namespace {

constexpr int64_t kEpoch = 116'444'736'000'000'000;  // 1970, in ticks since 1601.
constexpr int64_t kNanosecondsPerTick = 100;
constexpr int64_t kTicksPerMillisecond = 10'000;
// Beyond, no FILETIME: 64 bits with a sign, of which the highest ones mean something else.
constexpr double kLastMillisecond = 9.1e14;
constexpr double kFirstMillisecond = -1.2e13;

int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

FILETIME FromTicks(int64_t since_epoch) {
  if (since_epoch <= -kEpoch || since_epoch > INT64_MAX - kEpoch) {
    return {};
  }
  const auto ticks = static_cast<uint64_t>(since_epoch + kEpoch);
  return {static_cast<DWORD>(ticks), static_cast<DWORD>(ticks >> 32)};
}

}  // namespace

bool ReadFileTime(const FILETIME* file_time, int64_t* since_epoch, bool* in_ticks) {
  if (file_time == nullptr) {
    return false;
  }
  const auto ticks =
      static_cast<int64_t>(uint64_t{file_time->dwHighDateTime} << 32 | file_time->dwLowDateTime);
  // Other negative numbers have meanings of their own for NT (-2: let times go on changing), and
  // none for a file system.
  if (ticks <= 0) {
    return false;
  }
  const int64_t since = ticks - kEpoch;
  *in_ticks = since > INT64_MAX / kNanosecondsPerTick || since < INT64_MIN / kNanosecondsPerTick;
  *since_epoch = *in_ticks ? since : since * kNanosecondsPerTick;
  return true;
}

FILETIME ToFileTime(TimeKind kind, uint64_t bits) {
  switch (kind) {
    case TimeKind::kNanoseconds:
      return FromTicks(FloorDivide(static_cast<int64_t>(bits), kNanosecondsPerTick));
    case TimeKind::kTicks:
      return FromTicks(static_cast<int64_t>(bits));
    case TimeKind::kMilliseconds: {
      const auto milliseconds = std::bit_cast<double>(bits);
      if (!(milliseconds > kFirstMillisecond && milliseconds < kLastMillisecond)) {
        return {};
      }
      // In two parts: a double has not enough digits for the ticks of our century.
      const double whole = std::floor(milliseconds);
      const double rest = std::floor((milliseconds - whole) * kTicksPerMillisecond);
      return FromTicks(static_cast<int64_t>(whole) * kTicksPerMillisecond +
                       static_cast<int64_t>(rest));
    }
    default:
      return {};
  }
}

}  // namespace dokan
