#include "backing_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "common/thread.h"
#include "file_descriptor.h"

namespace dokan {
namespace {

// More than there are processors: they wait for disks, which are faster with several requests.
constexpr size_t kMostThreads = 16;
// Buffers that are kept for jobs to come, of each of the two sizes there are.
constexpr size_t kMostSpares = 4;
constexpr size_t kMostSmallSpares = 2 * kMostThreads;

bool IsSmall(const TransferBuffer& buffer) {
  return buffer.capacity() <= BackingPool::kSmall;
}

}  // namespace

// Shared with the threads, which may outlive the pool while a disk holds them up.
struct BackingPool::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<BackingJob> jobs;
  std::vector<TransferBuffer> spares;
  std::vector<TransferBuffer> small_spares;
  size_t threads = 0;
  size_t idle = 0;
  bool stopped = false;

  // Jobs that are not answered.
  std::atomic<size_t> outstanding = 0;

  // Held by who writes an answer, alone by who closes the device.
  std::shared_mutex device_mutex;
  FileDescriptor device;

  void Answer(BackingJob& job) {
    const int64_t result = job.writes ? job.Write() : job.Read(true);
    const std::shared_lock lock(device_mutex);
    if (!device.valid()) {
      return;
    }
    // The kernel refuses answers that nobody waits for any more: there is nothing to do about it.
    if (job.writes) {
      job.ReplyWrite(device.get(), result);
    } else {
      job.ReplyRead(device.get(), static_cast<int>(result));
    }
  }
};

BackingPool::BackingPool(int device) : state_(std::make_shared<State>()) {
  state_->device.Reset(::fcntl(device, F_DUPFD_CLOEXEC, 0));
  state_->stopped = !state_->device.valid();
}

BackingPool::~BackingPool() {
  Stop();
}

std::optional<BackingJob> BackingPool::Push(BackingJob job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopped) {
      return job;
    }
    const bool started = state_->idle <= state_->jobs.size() && state_->threads < kMostThreads &&
                         StartThread([state = state_] { Run(state); });
    state_->threads += started ? 1 : 0;
    if (state_->threads == 0) {
      return job;
    }
    state_->jobs.push_back(std::move(job));
    state_->outstanding.fetch_add(1, std::memory_order_relaxed);
  }
  state_->changed.notify_one();
  return std::nullopt;
}

TransferBuffer BackingPool::TakeBuffer(size_t capacity) {
  {
    const std::lock_guard lock(state_->mutex);
    auto& spares = capacity <= kSmall ? state_->small_spares : state_->spares;
    if (!spares.empty() && spares.back().capacity() >= capacity) {
      TransferBuffer buffer = std::move(spares.back());
      spares.pop_back();
      return buffer;
    }
  }
  return TransferBuffer(std::max(capacity, kSmall));
}

size_t BackingPool::outstanding() const {
  return state_->outstanding.load(std::memory_order_relaxed);
}

void BackingPool::Stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->outstanding.fetch_sub(state_->jobs.size(), std::memory_order_relaxed);
    state_->jobs.clear();
    state_->spares.clear();
    state_->small_spares.clear();
  }
  state_->changed.notify_all();
  const std::lock_guard lock(state_->device_mutex);
  state_->device.Reset();
}

// A thread of the pool.
void BackingPool::Run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    ++state->idle;
    state->changed.wait(lock, [&] { return state->stopped || !state->jobs.empty(); });
    --state->idle;
    if (state->stopped) {
      return;
    }
    BackingJob job = std::move(state->jobs.front());
    state->jobs.pop_front();
    lock.unlock();
    state->Answer(job);
    job.file.reset();
    state->outstanding.fetch_sub(1, std::memory_order_relaxed);
    lock.lock();
    auto& spares = IsSmall(job.buffer) ? state->small_spares : state->spares;
    if (!state->stopped && spares.size() < (IsSmall(job.buffer) ? kMostSmallSpares : kMostSpares)) {
      spares.push_back(std::move(job.buffer));
    }
  }
}

}  // namespace dokan
