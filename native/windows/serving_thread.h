#pragma once

#include <windows.h>

#include <cstdint>

#include "file_handle.h"

namespace dokan {

// The thread that answers a volume's requests, as seen by those that wait for it.
class ServingThread {
 public:
  // It is the calling one. Without a handle, which the system may refuse, it always seems at work.
  void Adopt();

  // Nobody waits for it any more. What holds this lives until it is garbage.
  void Release() { handle_.Reset(); }

  // What it has computed so far, in units of 100 ns; -1 when that cannot be told.
  int64_t ComputedTime() const;

 private:
  FileHandle handle_;
};

// A program that uses its own volume from the thread that serves it (fs.statSync on the drive)
// waits for itself. This tells such a wait from one for a thread that computes, or that answers
// others. One for each waiting request.
class DeadlockWatch {
 public:
  // How often to look, in milliseconds.
  static constexpr uint32_t kPeriod = 250;

  // `process`: who asks.
  DeadlockWatch(const ServingThread& thread, uint32_t process)
      : thread_(thread), applies_(process == GetCurrentProcessId()) {}

  // False: it is another process that waits, which will get its answer.
  bool applies() const { return applies_; }

  // A look: for how many milliseconds the serving thread has neither computed nor come to its event
  // loop. `alive` changes when it does come there.
  uint64_t WaitingTime(uint64_t alive);

 private:
  const ServingThread& thread_;
  const bool applies_;
  bool looked_ = false;
  uint64_t since_ = 0;
  uint64_t alive_ = 0;
  int64_t computed_ = 0;
};

}  // namespace dokan
