#pragma once

#include <windows.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace probe {

inline int64_t Nanoseconds() {
  LARGE_INTEGER now;
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&now);
  return now.QuadPart * (1'000'000'000 / frequency.QuadPart);
}

// Runs `share`, which does something `count` times and returns false when that has failed, on so
// many threads at once. Nanoseconds each, that is, of the time all have taken through the number of
// all; -1 when one has failed.
template <typename Share>
int64_t MeasureShares(uint32_t threads, uint32_t count, Share share) {
  std::atomic<bool> failed{false};
  std::vector<std::thread> others;
  const int64_t start = Nanoseconds();
  for (uint32_t thread = 1; thread < threads; ++thread) {
    others.emplace_back([&] { failed = !share() || failed; });
  }
  failed = !share() || failed;
  for (std::thread& other : others) {
    other.join();
  }
  return failed ? -1 : (Nanoseconds() - start) / (int64_t{count} * threads);
}

}  // namespace probe
