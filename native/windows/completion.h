#pragma once

#include <atomic>
#include <cstdint>

namespace dokan {

// How a Dokan thread waits for the answer to its request: spins shortly, then sleeps. Only a thread
// that sleeps costs the JS thread a system call.
class Completion {
 public:
  // The waiting thread, before anybody can signal.
  void Reset() { state_.store(kPending, std::memory_order_relaxed); }
  // The waiting thread. False: not yet.
  bool IsSignalled() const { return state_.load(std::memory_order_acquire) == kSignalled; }
  // The waiting thread. False when the time, in milliseconds, has passed.
  bool SleepFor(uint32_t milliseconds);
  // Any other thread. The object must outlive the call, not only the wait.
  void Signal();

 private:
  static constexpr uint32_t kPending = 0;
  static constexpr uint32_t kSleeping = 1;
  static constexpr uint32_t kSignalled = 2;

  std::atomic<uint32_t> state_{kPending};
};

}  // namespace dokan
