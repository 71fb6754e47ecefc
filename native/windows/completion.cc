#include "completion.h"

#include <windows.h>

namespace dokan {

bool Completion::SleepFor(uint32_t milliseconds) {
  uint32_t expected = kPending;
  if (!state_.compare_exchange_strong(expected, kSleeping) && expected == kSignalled) {
    return true;
  }
  uint32_t sleeping = kSleeping;
  WaitOnAddress(&state_, &sleeping, sizeof sleeping, milliseconds);
  return IsSignalled();
}

void Completion::Signal() {
  if (state_.exchange(kSignalled) == kSleeping) {
    WakeByAddressSingle(&state_);
  }
}

}  // namespace dokan
