#include "arguments.h"

#include <array>
#include <cstdint>

#include "integers.h"

namespace dokan {
namespace {

// A magnitude of 127 bits has a sign.
constexpr uint64_t kMostHighWord = INT64_MAX;

}  // namespace

timespec Arguments::Nanoseconds(size_t index, const char* name) {
  timespec time = {};
  int sign = 0;
  std::array<uint64_t, 2> words = {};
  size_t count = words.size();
  if (napi_get_value_bigint_words(env(), value(index), &sign, &count, words.data()) != napi_ok) {
    Refuse(index, name, "a bigint");
    return time;
  }
  // More words than there is room for are counted but not copied.
  const bool fits = count <= words.size() && words[1] <= kMostHighWord;
  if (fits) {
    const auto magnitude = static_cast<Int128>((static_cast<UInt128>(words[1]) << 64) | words[0]);
    const Int128 nanoseconds = sign == 0 ? magnitude : -magnitude;
    // Rounds down: tv_nsec is never negative, also before 1970.
    Int128 seconds = nanoseconds / kNanosecondsPerSecond;
    Int128 rest = nanoseconds % kNanosecondsPerSecond;
    if (rest < 0) {
      rest += kNanosecondsPerSecond;
      --seconds;
    }
    if (seconds >= INT64_MIN && seconds <= INT64_MAX) {
      time.tv_sec = static_cast<time_t>(seconds);
      time.tv_nsec = static_cast<long>(rest);
      return time;
    }
  }
  RefuseRange(name, "a time of 64-bit seconds");
  return time;
}

void Arguments::Path(size_t index, const char* name, BytePath* out) {
  if (!out->Read(env(), value(index))) {
    Refuse(index, name, "a string or a Uint8Array");
  }
}

}  // namespace dokan
