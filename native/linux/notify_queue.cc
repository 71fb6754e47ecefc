#include "notify_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "common/thread.h"
#include "file_descriptor.h"

namespace dokan {

// Shared with the thread, which may outlive the queue while the kernel holds it in a write.
struct NotifyQueue::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::vector<uint8_t>> messages;
  FileDescriptor device;
  bool running = false;
  bool stopped = false;
};

namespace {

// After an unmount the kernel answers notifications with the same ENOENT as for a node it does not
// know; only poll tells the two apart.
bool IsGone(int device) {
  pollfd entry = {device, 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLERR | POLLNVAL)) != 0;
}

}  // namespace

NotifyQueue::NotifyQueue(int device) : state_(std::make_shared<State>()) {
  state_->device.Reset(::fcntl(device, F_DUPFD_CLOEXEC, 0));
  state_->stopped = !state_->device.valid();
}

NotifyQueue::~NotifyQueue() {
  Stop(std::chrono::milliseconds(0));
}

bool NotifyQueue::Push(std::span<const uint8_t> message) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopped || state_->messages.size() >= kLimit) {
      return false;
    }
    state_->messages.emplace_back(message.begin(), message.end());
    if (!state_->running) {
      state_->running = StartThread([state = state_] { Run(state); });
      if (!state_->running) {
        state_->messages.clear();
        return false;
      }
    }
  }
  state_->changed.notify_all();
  return true;
}

bool NotifyQueue::Stop(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  state_->stopped = true;
  state_->messages.clear();
  state_->changed.notify_all();
  if (!state_->changed.wait_for(lock, limit, [this] { return !state_->running; })) {
    return false;
  }
  state_->device.Reset();
  return true;
}

// The notifying thread.
void NotifyQueue::Run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->stopped || !state->messages.empty(); });
    if (state->stopped) {
      break;
    }
    const std::vector<uint8_t> message = std::move(state->messages.front());
    state->messages.pop_front();
    lock.unlock();
    const bool failed = ::write(state->device.get(), message.data(), message.size()) < 0;
    const bool gone = failed && IsGone(state->device.get());
    lock.lock();
    if (gone) {
      state->stopped = true;
    }
  }
  state->messages.clear();
  state->device.Reset();
  state->running = false;
  state->changed.notify_all();
}

}  // namespace dokan
