#include "spinning.h"

#include <algorithm>
#include <climits>

namespace dokan {
namespace {

// When spinning has not paid, every so many-th time tries again.
constexpr uint32_t kRetry = 32;

int64_t Ticks(int64_t microseconds) {
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  return frequency.QuadPart * microseconds / 1'000'000;
}

int Limit(int sharers) {
  const auto processors = static_cast<int>(GetActiveProcessorCount(ALL_PROCESSOR_GROUPS));
  if (processors <= 1) {
    return 0;
  }
  return sharers == Spinning::kEverybody ? INT_MAX : std::max(1, processors / sharers);
}

}  // namespace

Spinning::Spinning(int sharers, Manner manner) : limit_(Limit(sharers)), manner_(manner) {}

void Spinning::SetTime(int64_t microseconds) {
  ticks_ = Ticks(microseconds);
}

int64_t Spinning::Now() {
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return now.QuadPart;
}

bool Spinning::Begin() {
  if (ticks_ == 0) {
    return false;
  }
  if (score_.load(std::memory_order_relaxed) <= 0 &&
      refused_.fetch_add(1, std::memory_order_relaxed) % kRetry != 0) {
    return false;
  }
  if (spinning_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    spinning_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  return true;
}

void Spinning::End(bool came) {
  spinning_.fetch_sub(1, std::memory_order_relaxed);
  const int score = score_.load(std::memory_order_relaxed) + (came ? 1 : -1);
  score_.store(std::clamp(score, 0, kFull), std::memory_order_relaxed);
}

}  // namespace dokan
