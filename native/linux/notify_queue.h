#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace dokan {

// Notifications on their way to the kernel (FUSE_NOTIFY_*), written by a thread of their own: an
// invalidation waits for page locks that a request may hold which only the serving thread answers.
class NotifyQueue {
 public:
  static constexpr size_t kLimit = 65536;

  // Takes a duplicate of the device: its number stays ours while a write is under way, whatever
  // the owner of `device` does.
  explicit NotifyQueue(int device);
  ~NotifyQueue();
  NotifyQueue(const NotifyQueue&) = delete;
  NotifyQueue& operator=(const NotifyQueue&) = delete;

  // Copies the message. False: full, stopped, the device is gone, or no thread could be started.
  bool Push(std::span<const uint8_t> message);

  // Drops what is queued and lets the thread go. False: it is still inside a write after `limit`,
  // and holds the device open until the kernel lets go of it. May be called again.
  bool Stop(std::chrono::milliseconds limit);

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace dokan
