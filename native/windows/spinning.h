#pragma once

#include <windows.h>

#include <atomic>
#include <cstdint>

namespace dokan {

// Looking again and again for a short time before going to sleep, where that has paid lately:
// waking a thread takes longer than most answers. Never with a single processor.
class Spinning {
 public:
  // How many threads may spin at once: one for so many processors, or all of them.
  static constexpr int kEverybody = 0;
  enum class Manner { kYielding, kInsistent };

  // Who yields lets others have the processor meanwhile.
  Spinning(int sharers, Manner manner);

  // Before anybody spins: at most so long; 0 for never, as it is without.
  void SetTime(int64_t microseconds);

  // True: `done` became true.
  template <typename Done>
  bool Until(Done done) {
    if (done()) {
      return true;
    }
    if (!Begin()) {
      return false;
    }
    bool came = false;
    const int64_t end = Now() + ticks_;
    do {
      for (int look = 0; look < kLooksBetweenClocks && !came; ++look) {
        YieldProcessor();
        came = done();
      }
      // Whom we wait for may be waiting for this processor.
      if (!came && manner_ == Manner::kYielding) {
        SwitchToThread();
        came = done();
      }
    } while (!came && Now() < end);
    End(came);
    return came;
  }

 private:
  static constexpr int kLooksBetweenClocks = 32;
  static constexpr int kFull = 16;

  static int64_t Now();
  bool Begin();
  void End(bool came);

  const int limit_;
  const Manner manner_;
  int64_t ticks_ = 0;
  std::atomic<int> spinning_{0};
  // Threads race here, which only blurs the score.
  std::atomic<int> score_{kFull};
  std::atomic<uint32_t> refused_{0};
};

}  // namespace dokan
