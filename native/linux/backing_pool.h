#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "backing_job.h"

namespace dokan {

// Threads that do what may wait for a disk: each takes a job, does it, and answers the kernel. They
// are started when there is more to do than threads, and sleep when there is nothing. One that a
// disk holds up holds up nobody else: it owns what it uses, and outlives the pool.
class BackingPool {
 public:
  // Bytes of a small buffer.
  static constexpr size_t kSmall = kDataOffset + (size_t{1} << 16);

  // Takes a duplicate of the device, which is held while an answer is written, not during the I/O.
  explicit BackingPool(int device);
  ~BackingPool();
  BackingPool(const BackingPool&) = delete;
  BackingPool& operator=(const BackingPool&) = delete;

  // Gives the job back when there is no thread for it.
  std::optional<BackingJob> Push(BackingJob job);

  // Room for a request of `capacity` bytes: of a job that is done, where there is one. There are
  // two kinds, small ones and those that take the largest requests.
  TransferBuffer TakeBuffer(size_t capacity);

  // Jobs that are not answered yet. Any thread.
  size_t outstanding() const;

  // Drops what has not begun and lets go of the device; no answer is sent after it. Any thread.
  void Stop();

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace dokan
