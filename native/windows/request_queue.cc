#include "request_queue.h"

#include <windows.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "dokan_status.h"

namespace dokan {
namespace {

// How long Dokan's threads look for their answers, in microseconds, where polling is allowed so
// long.
constexpr int64_t kInsisting = 4;
constexpr int64_t kWaitingSpin = 20;

constexpr uint32_t kLongestTick = 5'000;
constexpr uint32_t kShortestTick = 20;
// How long the serving thread may wait in system calls, in milliseconds, while its own process
// asks. What it has not taken may be asked by itself. What it has taken is not, but it may wait for
// who asks: more seldom, so it has more time for an innocent call.
constexpr uint64_t kQueuedLimit = 500;
constexpr uint64_t kTakenLimit = 5'000;
// An answer's data beyond this is freed with the request, not kept for the next one.
constexpr size_t kKeptData = 256 * 1024;

// Dokan never asks for these a second time, whatever they are answered: given up or not, JavaScript
// has to see them, or the open stays open and what was to be deleted stays there.
bool IsUnrefusable(const Slot& slot) {
  return slot.operation == static_cast<uint32_t>(Operation::kCleanup) ||
         slot.operation == static_cast<uint32_t>(Operation::kCloseFile);
}

}  // namespace

RequestQueue::RequestQueue(uint8_t* memory) : batch_(reinterpret_cast<uint32_t*>(memory)) {
  for (uint32_t number = kSlotCount; number-- > 0;) {
    RequestEntry& entry = entries_[number];
    entry.number = number;
    entry.slot = reinterpret_cast<Slot*>(memory + kBatchBytes + number * kSlotBytes);
    free_.Push(links_.data(), number);
  }
}

void RequestQueue::Start(const Settings& settings, LoopWaker* waker) {
  settings_ = settings;
  waker_ = waker;
  const int64_t poll = settings.poll_time;
  taking_spin_.SetTime(poll);
  waiting_spin_.SetTime(std::min(poll, kWaitingSpin));
  insisting_.SetTime(std::min(poll, kInsisting));
  serving_thread_.Adopt();
  MarkAlive();
}

bool RequestQueue::Enter() {
  if ((inside_.fetch_add(1) & kClosed) == 0) {
    return true;
  }
  Leave();
  return false;
}

void RequestQueue::Leave() {
  if (inside_.fetch_sub(1) == (kClosed | 1)) {
    WakeByAddressAll(&inside_);
  }
}

RequestEntry* RequestQueue::TakeFree(abi::FileInfo* info, bool may_give_up) {
  std::optional<uint32_t> number = free_.Pop(links_.data());
  if (!number) {
    const uint64_t start = GetTickCount64();
    waiting_for_entry_.fetch_add(1);
    while (!IsClosed()) {
      uint32_t seen = freed_.load();
      number = free_.Pop(links_.data());
      if (number || IsClosed() ||
          (may_give_up && GetTickCount64() - start >= settings_.operation_timeout)) {
        break;
      }
      if (!WaitOnAddress(&freed_, &seen, sizeof seen, TickMilliseconds())) {
        KeepAlive(info);
      }
    }
    waiting_for_entry_.fetch_sub(1);
    if (!number) {
      return nullptr;
    }
  }
  RequestEntry& entry = entries_[*number];
  entry.info = info;
  entry.state.store(RequestState::kFilled, std::memory_order_relaxed);
  return &entry;
}

void RequestQueue::Free(RequestEntry* entry) {
  ReleaseBlock(entry);
  Recycle(entry);
}

void RequestQueue::ReleaseBlock(RequestEntry* entry) {
  if (entry->block.number != kNoBlock) {
    blocks_.Release(std::exchange(entry->block, DataBlocks::Block{}));
  }
}

void RequestQueue::Recycle(RequestEntry* entry) {
  entry->buffer = nullptr;
  entry->buffer_bytes = 0;
  entry->may_expose = false;
  entry->was_exposed = false;
  if (entry->data.capacity() > kKeptData) {
    entry->data = {};
  }
  entry->data.clear();
  entry->backing.reset();
  entry->state.store(RequestState::kFree);
  free_.Push(links_.data(), entry->number);
  freed_.fetch_add(1);
  if (waiting_for_entry_.load() != 0) {
    WakeByAddressSingle(&freed_);
  }
}

void RequestQueue::Push(RequestEntry* entry) {
  uint32_t head = head_.load(std::memory_order_relaxed);
  do {
    entry->next.store(head, std::memory_order_relaxed);
  } while (!head_.compare_exchange_weak(head, entry->number + 1));
  if (!draining_.load() && !draining_.exchange(true)) {
    Wake();
  }
}

RequestQueue::Outcome RequestQueue::SubmitAndWait(RequestEntry* entry) {
  entry->completion.Reset();
  entry->state.store(RequestState::kQueued);
  Push(entry);
  const auto is_answered = [entry] { return entry->completion.IsSignalled(); };
  if (insisting_.Until(is_answered) || waiting_spin_.Until(is_answered)) {
    return OutcomeOf(entry);
  }
  const uint64_t start = GetTickCount64();
  // Mounted and Unmounted, which are no requests of the driver, are nobody's.
  DeadlockWatch watch(serving_thread_,
                      entry->info->dokan_context != 0 ? entry->info->process_id : 0);
  const uint32_t tick =
      watch.applies() ? std::min(TickMilliseconds(), DeadlockWatch::kPeriod) : TickMilliseconds();
  while (true) {
    // Close sets the flag, then looks at the states; here it is the other way round: one sees the
    // other.
    if (IsClosed() && Abandon(entry)) {
      entry->state.store(RequestState::kFilled);
      return Outcome::kReleased;
    }
    if (entry->completion.SleepFor(tick)) {
      return OutcomeOf(entry);
    }
    if (IsStuck(start) && Abandon(entry)) {
      return Outcome::kTimedOut;
    }
    if (watch.applies() && AbandonDeadlocked(entry, &watch)) {
      return Outcome::kDeadlock;
    }
    KeepAlive(entry->info);
  }
}

RequestQueue::Outcome RequestQueue::OutcomeOf(const RequestEntry* entry) const {
  return entry->state.load() == RequestState::kAnswered ? Outcome::kAnswered : Outcome::kReleased;
}

bool RequestQueue::Abandon(RequestEntry* entry) {
  RequestState state = entry->state.load();
  while (state == RequestState::kQueued || state == RequestState::kTaken) {
    if (entry->state.compare_exchange_weak(state, RequestState::kAbandoned)) {
      return true;
    }
  }
  return false;
}

bool RequestQueue::AbandonQueued(RequestEntry* entry) {
  RequestState state = RequestState::kQueued;
  return entry->state.compare_exchange_strong(state, RequestState::kAbandoned);
}

bool RequestQueue::AbandonDeadlocked(RequestEntry* entry, DeadlockWatch* watch) {
  const uint64_t waiting = watch->WaitingTime(alive_.load());
  return (waiting >= kQueuedLimit && AbandonQueued(entry)) ||
         (waiting >= kTakenLimit && Abandon(entry));
}

// Often enough for the driver's patience, and to notice a stuck thread in time.
uint32_t RequestQueue::TickMilliseconds() const {
  const uint64_t tick =
      std::min<uint64_t>({settings_.driver_timeout / 3, kLongestTick,
                          std::max<uint64_t>(settings_.operation_timeout / 4, kShortestTick)});
  return static_cast<uint32_t>(tick);
}

bool RequestQueue::IsStuck(uint64_t start) {
  const uint64_t sign = std::max(start, alive_.load());
  const uint64_t now = GetTickCount64();
  return now > sign && now - sign >= settings_.operation_timeout;
}

void RequestQueue::KeepAlive(abi::FileInfo* info) {
  Wake();
  // Mounted and Unmounted are no requests of the driver, and have no Dokan context.
  if (info->dokan_context != 0) {
    library_->reset_timeout(settings_.driver_timeout, info);
  }
}

bool RequestQueue::ShallAnnounce() {
  return head_.load() != 0 && !std::exchange(announced_, true);
}

uint32_t RequestQueue::Take(napi_env env) {
  MarkAlive();
  if (IsClosed()) {
    return 0;
  }
  blocks_.FreeReleased(env);
  while (true) {
    uint32_t link = head_.exchange(0);
    // Who has got all its answers often asks again at once, and waking the JS thread takes long.
    // With an answer outstanding, the loop may have to bring it.
    if (link == 0 && at_work_ == 0 && std::exchange(worked_, false) &&
        taking_spin_.Until([this] { return head_.load(std::memory_order_relaxed) != 0; })) {
      continue;
    }
    if (link == 0) {
      announced_ = false;
      draining_.store(false);
      // A thread that pushed meanwhile may have seen that JavaScript was at work.
      if (head_.load() == 0 || draining_.exchange(true)) {
        return 0;
      }
      continue;
    }
    // The last one queued is the first in the list, so the batch is written from its end.
    std::array<uint32_t, kSlotCount> newest_first;
    uint32_t count = 0;
    while (link != 0) {
      const uint32_t number = link - 1;
      link = entries_[number].next.load(std::memory_order_relaxed);
      newest_first[count++] = number;
    }
    uint32_t taken = 0;
    while (count-- > 0) {
      RequestEntry& entry = entries_[newest_first[count]];
      RequestState state = RequestState::kQueued;
      if (!entry.state.compare_exchange_strong(state, RequestState::kTaken) &&
          !IsUnrefusable(*entry.slot)) {
        Free(&entry);  // Abandoned before JavaScript saw it.
        continue;
      }
      const bool needs_block =
          entry.buffer_bytes > 0 && !entry.may_expose && entry.block.number == kNoBlock;
      if (needs_block && !AssignBlock(env, &entry)) {
        entry.slot->answer.status = static_cast<uint32_t>(status::kInsufficientResources);
        ++at_work_;
        Complete(env, &entry);
        continue;
      }
      batch_[taken++] = entry.number;
    }
    if (taken > 0) {
      at_work_ += static_cast<int>(taken);
      worked_ = true;
      return taken;
    }
  }
}

RequestEntry* RequestQueue::Taken(uint32_t number) {
  if (number >= kSlotCount) {
    return nullptr;
  }
  switch (entries_[number].state.load()) {
    case RequestState::kTaken:
    case RequestState::kPinned:
    case RequestState::kAbandoned:
      return &entries_[number];
    default:
      return nullptr;
  }
}

bool RequestQueue::Pin(RequestEntry* entry) {
  RequestState state = RequestState::kTaken;
  return entry->state.compare_exchange_strong(state, RequestState::kPinned) ||
         state == RequestState::kPinned;
}

void RequestQueue::Unpin(RequestEntry* entry) {
  entry->state.store(RequestState::kTaken);
}

bool RequestQueue::AssignBlock(napi_env env, RequestEntry* entry) {
  const auto block = blocks_.AcquireOrMake(env, entry->buffer_bytes);
  if (!block) {
    return false;
  }
  entry->block = *block;
  entry->slot->block = block->number;
  if (!entry->buffer_is_source) {
    return true;
  }
  if (!Pin(entry)) {
    return false;
  }
  std::memcpy(block->memory, entry->buffer, entry->buffer_bytes);
  Unpin(entry);
  return true;
}

bool RequestQueue::Complete(napi_env env, RequestEntry* entry) {
  MarkAlive();
  --at_work_;
  if (entry->exposed != nullptr) {
    napi_value buffer = nullptr;
    if (napi_get_reference_value(env, entry->exposed, &buffer) == napi_ok && buffer != nullptr) {
      napi_detach_arraybuffer(env, buffer);
    }
    napi_delete_reference(env, std::exchange(entry->exposed, nullptr));
  }
  if ((entry->slot->answer.flags & answer_flag::kDropBlock) != 0 &&
      entry->block.number != kNoBlock) {
    blocks_.Drop(env, std::exchange(entry->block, DataBlocks::Block{}));
  }
  RequestState state = entry->state.load();
  while (state == RequestState::kTaken || state == RequestState::kPinned) {
    if (entry->state.compare_exchange_weak(state, RequestState::kAnswered)) {
      entry->completion.Signal();
      return true;
    }
  }
  if (state == RequestState::kAbandoned) {
    Free(entry);
  }
  return false;
}

bool RequestQueue::CompleteWith(napi_env env, RequestEntry* entry, std::span<const uint8_t> data) {
  try {
    entry->data.assign(data.begin(), data.end());
  } catch (const std::bad_alloc&) {
    entry->data.clear();
    entry->slot->answer.status = static_cast<uint32_t>(status::kInsufficientResources);
  }
  return Complete(env, entry);
}

void RequestQueue::MarkAlive() {
  alive_.store(GetTickCount64(), std::memory_order_relaxed);
}

void RequestQueue::Finish(napi_env env) {
  serving_thread_.Release();
  blocks_.Clear(env);
}

void RequestQueue::Close() {
  inside_.fetch_or(kClosed);
  for (RequestEntry& entry : entries_) {
    RequestState state = entry.state.load();
    while (state == RequestState::kQueued || state == RequestState::kTaken ||
           state == RequestState::kPinned) {
      if (entry.state.compare_exchange_weak(state, RequestState::kReleased)) {
        entry.completion.Signal();
        break;
      }
    }
  }
  freed_.fetch_add(1);
  WakeByAddressAll(&freed_);
  uint32_t inside = inside_.load();
  while (inside != kClosed) {
    WaitOnAddress(&inside_, &inside, sizeof inside, INFINITE);
    inside = inside_.load();
  }
  serving_thread_.Release();
}

}  // namespace dokan
