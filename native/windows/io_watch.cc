#include "io_watch.h"

#include <mutex>
#include <utility>

namespace dokan {

IoWatch::Scope::Scope(IoWatch* watch, abi::FileInfo* info) : watch_(watch), info_(info) {
  if (watch->timer_ == nullptr) {
    return;
  }
  if (const auto number = watch->free_.Pop(watch->links_.data())) {
    place_ = &watch->places_[*number];
  }
}

IoWatch::Scope::~Scope() {
  if (place_ != nullptr) {
    watch_->free_.Push(watch_->links_.data(), place_->number);
  }
}

HANDLE IoWatch::Scope::Event() {
  if (!place_->event) {
    place_->event = FileHandle(CreateEventW(nullptr, TRUE, FALSE, nullptr));
  }
  return place_->event.get();
}

void IoWatch::Scope::Begin(HANDLE file, IO_STATUS_BLOCK* io) {
  {
    const std::lock_guard lock(place_->lock);
    place_->info = info_;
    place_->start = watch_->clock_();
    place_->thread = GetCurrentThreadId();
    place_->file = file;
    place_->io = io;
    place_->cancelled = false;
  }
  // Counted before the look at the flag; the timer clears the flag before it looks at the count.
  watch_->under_way_.fetch_add(1);
  if (!watch_->armed_.load()) {
    watch_->Arm();
  }
}

void IoWatch::Scope::End() {
  watch_->under_way_.fetch_sub(1);
  const std::lock_guard lock(place_->lock);
  place_->info = nullptr;
  timed_out_ = place_->cancelled;
}

void IoWatch::Start(std::shared_ptr<DokanLibrary> library, uint32_t driver_timeout, uint64_t limit,
                    uint32_t tick, std::function<void()> slow) {
  library_ = std::move(library);
  driver_timeout_ = driver_timeout;
  limit_ = limit;
  tick_ = tick;
  slow_ = std::move(slow);
  for (uint32_t number = kPlaces; number-- > 0;) {
    places_[number].number = number;
    free_.Push(links_.data(), number);
  }
  timer_ = CreateThreadpoolTimer(OnTimer, this, nullptr);
}

void IoWatch::CancelAll() {
  for (Place& place : places_) {
    const std::lock_guard lock(place.lock);
    if (place.info != nullptr) {
      Cancel(&place);
    }
  }
}

void IoWatch::Stop() {
  if (timer_ == nullptr) {
    return;
  }
  SetThreadpoolTimer(timer_, nullptr, 0, 0);
  WaitForThreadpoolTimerCallbacks(timer_, TRUE);
  CloseThreadpoolTimer(std::exchange(timer_, nullptr));
}

void IoWatch::Arm() {
  if (armed_.exchange(true)) {
    return;
  }
  // Negative: from now, in units of 100 ns.
  ULARGE_INTEGER due = {};
  due.QuadPart = static_cast<ULONGLONG>(-(int64_t{tick_} * 10'000));
  FILETIME time = {due.LowPart, due.HighPart};
  SetThreadpoolTimer(timer_, &time, 0, tick_ / 8);
}

void IoWatch::OnTimer(PTP_CALLBACK_INSTANCE, void* self, PTP_TIMER) {
  static_cast<IoWatch*>(self)->Look();
}

void IoWatch::Look() {
  bool is_slow = false;
  for (Place& place : places_) {
    const std::lock_guard lock(place.lock);
    if (place.info == nullptr) {
      continue;
    }
    // Under the lock: an operation that has begun since would seem to be ages old.
    const uint64_t age = clock_() - place.start;
    if (age >= limit_) {
      Cancel(&place);
    }
    is_slow = is_slow || age >= tick_ / 2;
    // Also of one that was given up: not every driver lets go of what it has begun.
    if (place.info->dokan_context != 0) {
      library_->reset_timeout(driver_timeout_, place.info);
    }
  }
  if (is_slow) {
    slow_();
  }
  armed_.store(false);
  if (under_way_.load() != 0) {
    Arm();
  }
}

void IoWatch::Cancel(Place* place) {
  place->cancelled = true;
  if (place->file != nullptr) {
    CancelIoEx(place->file, reinterpret_cast<OVERLAPPED*>(place->io));
    return;
  }
  const FileHandle thread(OpenThread(THREAD_TERMINATE, FALSE, place->thread));
  if (thread) {
    CancelSynchronousIo(thread.get());
  }
}

}  // namespace dokan
