#include "serving_thread.h"

#include <utility>

namespace dokan {
namespace {

// Less than that is a wake-up in between, or the coarseness of the system's clock: 20 ms.
constexpr int64_t kNothing = 200'000;

int64_t ToInteger(const FILETIME& time) {
  return static_cast<int64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
}

}  // namespace

void ServingThread::Adopt() {
  HANDLE handle = nullptr;
  if (DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &handle,
                      THREAD_QUERY_LIMITED_INFORMATION, FALSE, 0)) {
    handle_ = FileHandle(handle);
  }
}

int64_t ServingThread::ComputedTime() const {
  FILETIME created = {};
  FILETIME ended = {};
  FILETIME kernel = {};
  FILETIME user = {};
  if (!handle_ || !GetThreadTimes(handle_.get(), &created, &ended, &kernel, &user)) {
    return -1;
  }
  return ToInteger(kernel) + ToInteger(user);
}

uint64_t DeadlockWatch::WaitingTime(uint64_t alive) {
  const int64_t computed = thread_.ComputedTime();
  const uint64_t now = GetTickCount64();
  if (computed < 0 || !std::exchange(looked_, true) || alive != alive_ ||
      computed - computed_ > kNothing) {
    since_ = now;
    alive_ = alive;
    computed_ = computed;
  }
  return now - since_;
}

}  // namespace dokan
