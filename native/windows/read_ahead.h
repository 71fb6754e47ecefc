#pragma once

#include <windows.h>
#include <winternl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "slim_lock.h"

namespace dokan {

// How much has changed on a volume: counts what may change any file's data, when it begins and when
// it has ended. Hard links and streams make it hard to say which file; a count of all is right.
class ChangeCount {
 public:
  void Bump() { count_.fetch_add(1); }
  uint64_t value() const { return count_.load(); }

 private:
  std::atomic<uint64_t> count_{0};
};

// What the read-aheads of a volume share: how much each may read, and all together may keep.
class ReadAheadPool {
 public:
  static constexpr size_t kMostBytes = size_t{16} << 20;

  // `window` 0: no reading ahead.
  void SetWindow(uint32_t window) { window_ = window; }
  uint32_t window() const { return window_; }
  ChangeCount& changes() { return changes_; }

  // False: the others have it all.
  bool Reserve(size_t bytes);
  void Return(size_t bytes) { used_.fetch_sub(bytes); }

 private:
  uint32_t window_ = 0;
  ChangeCount changes_;
  std::atomic<size_t> used_{0};
};

// Reading ahead for one open: of small reads one behind the other, the second asks the file system
// for a whole window, and those that follow are answered from it. What it holds is good until
// anything on the volume changes, and never for longer than a second.
class ReadAhead {
 public:
  // Asks the file system.
  struct Answer {
    NTSTATUS status = 0;
    uint32_t bytes = 0;
    // False: not by the file system; asking again would be of no use.
    bool is_answer = false;
  };

  explicit ReadAhead(ReadAheadPool* pool) : pool_(pool) {}
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // `ask(buffer, length, offset)` gives an Answer.
  template <typename Ask>
  Answer Read(void* buffer, uint32_t length, int64_t offset, const Ask& ask) {
    std::unique_lock lock(lock_, std::try_to_lock);
    // Another thread reads the same open: these two are not one behind the other.
    if (!lock) {
      return ask(buffer, length, offset);
    }
    const int64_t end = offset + length;
    const bool follows = offset == expected_;
    expected_ = end;
    uint32_t copied = 0;
    if (Find(buffer, length, offset, &copied)) {
      return {0, copied, true};
    }
    if (!follows || !PrepareWindow(length)) {
      lock.unlock();
      return ask(buffer, length, offset);
    }
    const Moment before = Now();
    const Answer answer = ask(window_.data(), pool_->window(), offset);
    if (!answer.is_answer) {
      return answer;
    }
    if (answer.status < 0) {
      // It may be what lies behind, which nobody has asked for.
      GiveWay();
      lock.unlock();
      return ask(buffer, length, offset);
    }
    return {answer.status, Keep(before, buffer, length, offset, answer.bytes), true};
  }

 private:
  // When, and after how many changes.
  struct Moment {
    int64_t ticks = 0;
    uint64_t changes = 0;
  };

  Moment Now() const;
  bool IsFresh() const;
  // Copies what is asked for, when all of it is there.
  bool Find(void* buffer, uint32_t length, int64_t offset, uint32_t* copied);
  // True: a window is to be asked for, and there is memory for it.
  bool PrepareWindow(uint32_t length);
  // The window is filled: answers with its beginning. Returns how many bytes.
  uint32_t Keep(const Moment& before, void* buffer, uint32_t length, int64_t offset,
                uint32_t bytes);
  // Windows do not pay here: none for a while.
  void GiveWay();

  ReadAheadPool* const pool_;
  SlimLock lock_;
  int64_t expected_ = -1;  // Where a read begins that follows the last one.
  std::vector<uint8_t> window_;
  int64_t start_ = 0;   // Where the window lies in the file.
  uint32_t bytes_ = 0;  // What is good in it.
  Moment filled_;
  bool was_filled_ = false;
  uint32_t hits_ = 0;     // Reads answered from it since it was filled.
  uint32_t resting_ = 0;  // So many reads are not to set off a window.
};

}  // namespace dokan
