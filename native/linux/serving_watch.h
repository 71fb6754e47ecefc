#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "file_descriptor.h"

namespace dokan {

// A program that uses its own volume from the thread that serves it (fs.statSync on the mount)
// would wait for ever: the thread that should answer is the one that waits. A thread of the watch's
// own notices, and answers such requests with EDEADLK, so that the mistake is an error and not a
// hang. The same happens to requests of the process's other threads and of its descendants
// (execFileSync('ls', [mount]), a child that starts on the mount), but only after the serving
// thread has been waiting for seconds: it need not be waiting for them.
//
// It sleeps at the device while nothing is asked, and looks a few times a second while something
// is. What it finds there beside the serving thread's own requests is kept for that thread, which
// gets it from Take.
class ServingWatch {
 public:
  // The calling thread is the one that serves. `device` must stay open as long as the watch lives.
  // Returns nullptr when the system gives no thread or descriptor.
  static std::unique_ptr<ServingWatch> Start(int device);
  // Ends the thread, which never blocks for long.
  ~ServingWatch();
  ServingWatch(const ServingWatch&) = delete;
  ServingWatch& operator=(const ServingWatch&) = delete;

  // Readable while the serving thread is to Take.
  int kept_descriptor() const { return kept_signal_.get(); }

  // The serving thread is at the device, so it serves.
  void Serving() { turns_.fetch_add(1, std::memory_order_relaxed); }

  // The serving thread: a request that was kept. Its length, 0 when there is none, -EINVAL when the
  // buffer is too small.
  int64_t Take(std::span<uint8_t> buffer);

 private:
  explicit ServingWatch(int device);

  struct Kept {
    std::vector<uint8_t> request;
    // Of no process of ours: to be answered by the serving thread, however long that takes.
    bool foreign = false;
  };

  void Watch();
  bool IsAsked() const;
  // `family`: also those of our other threads and descendants.
  void RefuseOwnRequests(bool family);
  void RefuseKept();
  void Refuse(std::span<const uint8_t> request);
  void Keep(std::span<const uint8_t> request, bool foreign);
  void Signal();

  const int device_;
  const pid_t serving_thread_;
  FileDescriptor stop_;
  FileDescriptor kept_signal_;
  std::thread thread_;
  std::atomic<uint64_t> turns_ = 0;
  std::atomic<size_t> kept_count_ = 0;
  std::atomic<bool> signalled_ = false;
  std::mutex mutex_;
  std::deque<Kept> kept_;
};

}  // namespace dokan
