#pragma once

#include <node_api.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <span>

#include "data_blocks.h"
#include "dokan_library.h"
#include "index_stack.h"
#include "loop_waker.h"
#include "request_entry.h"
#include "serving_thread.h"
#include "slot.h"
#include "spinning.h"

namespace dokan {

// How the requests of one volume get from Dokan's threads to JavaScript and back. The slots and
// blocks lie in memory of JavaScript, which goes with its environment: a Dokan thread touches it
// only between Enter and Leave, and Close waits until none is there.
class RequestQueue {
 public:
  struct Settings {
    // Milliseconds until the driver gives a request up, unless it is told to wait on.
    uint32_t driver_timeout = 15'000;
    // Milliseconds the JS thread may be stuck.
    uint64_t operation_timeout = kNever;
    bool external_buffers = false;
    // Microseconds that the JS thread looks for the next request before it goes to sleep.
    uint32_t poll_time = 0;
  };
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  // From here on a large request pays for an ArrayBuffer over Dokan's own memory.
  static constexpr uint32_t kExposeBytes = 64 * 1024;

  explicit RequestQueue(uint8_t* memory);
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  // JS thread, before the volume is mounted. The waker must not be closed before Close returned or
  // Dokan has released the volume.
  void Start(const Settings& settings, LoopWaker* waker);
  // The thread that mounts, before Dokan calls.
  void SetLibrary(const DokanLibrary* library) { library_ = library; }

  const Settings& settings() const { return settings_; }
  DataBlocks& blocks() { return blocks_; }

  // Dokan's threads (and others that wake the JS thread).

  // The environment has ended.
  bool IsClosed() const { return (inside_.load() & kClosed) != 0; }
  // How often a wait for an answer is to be looked after, in milliseconds.
  uint32_t TickMilliseconds() const;
  // False: the environment has ended; nothing of the queue may be touched, nor Leave called.
  bool Enter();
  void Leave();
  // Between Enter and Leave.
  void Wake() { waker_->Wake(); }
  // A filled-in entry's next owner is the caller; nullptr when none becomes free in time.
  // (Only when the queue is closed, for one that may not give up.)
  RequestEntry* TakeFree(abi::FileInfo* info, bool may_give_up);
  // What became of the request. With kAnswered and kReleased the entry is the caller's again.
  enum class Outcome { kAnswered, kReleased, kTimedOut, kDeadlock };
  Outcome SubmitAndWait(RequestEntry* entry);
  // Frees an entry that is the caller's.
  void Free(RequestEntry* entry);

  // JS thread.

  // Takes what is queued; writes the numbers to the start of the memory.
  uint32_t Take(napi_env env);
  // The entry that JavaScript has under that number; nullptr when it has none.
  RequestEntry* Taken(uint32_t number);
  // Makes the Dokan thread wait until Unpin or Complete. False: it is gone.
  bool Pin(RequestEntry* entry);
  void Unpin(RequestEntry* entry);
  // A block for a request that has none. False: given up meanwhile, or no memory.
  bool AssignBlock(napi_env env, RequestEntry* entry);
  // False: nobody waits.
  bool Complete(napi_env env, RequestEntry* entry);
  // With data, which is copied.
  bool CompleteWith(napi_env env, RequestEntry* entry, std::span<const uint8_t> data);
  // Whether there is something to take that JavaScript does not know of yet.
  bool ShallAnnounce();
  // The loop has called: the thread is not stuck.
  void MarkAlive();
  // Dokan has released the volume: nobody asks any more.
  void Finish(napi_env env);
  // The environment ends: every waiting thread goes at once, and no further one comes in.
  void Close();

 private:
  static constexpr uint32_t kClosed = 1U << 31;

  void Push(RequestEntry* entry);
  // Gives a request up, unless JavaScript has answered it or uses the thread's memory.
  bool Abandon(RequestEntry* entry);
  // The same only as long as JavaScript has not taken it.
  bool AbandonQueued(RequestEntry* entry);
  // Gives up a request of this process's own that the serving thread will not answer, because that
  // waits in a system call itself: for this request, it must be feared.
  bool AbandonDeadlocked(RequestEntry* entry, DeadlockWatch* watch);
  Outcome OutcomeOf(const RequestEntry* entry) const;
  // While a thread waits: keeps the driver from giving up, and finds out whether the JS thread is
  // stuck, since `start`.
  bool IsStuck(uint64_t start);
  void KeepAlive(abi::FileInfo* info);
  void Recycle(RequestEntry* entry);
  void ReleaseBlock(RequestEntry* entry);

  std::array<RequestEntry, kSlotCount> entries_;
  std::array<std::atomic<uint32_t>, kSlotCount> links_ = {};
  IndexStack free_;
  uint32_t* const batch_;
  DataBlocks blocks_;
  Settings settings_;
  const DokanLibrary* library_ = nullptr;
  LoopWaker* waker_ = nullptr;
  ServingThread serving_thread_;
  // Of Dokan's threads. While the JS thread is at work, most answers come before a thread could
  // have gone to sleep, and a thread that sleeps costs two switches: so each insists a little.
  // After that, only some go on.
  Spinning insisting_{Spinning::kEverybody, Spinning::Manner::kInsistent};
  Spinning waiting_spin_{2, Spinning::Manner::kYielding};

  std::atomic<uint32_t> head_{0};  // Number plus one of the entry queued last.
  // JavaScript is at work, or has been woken: it will look at the queue once more by itself.
  std::atomic<bool> draining_{false};
  // JS thread only.
  bool announced_ = false;
  bool worked_ = false;  // Something has been taken since the queue was empty last.
  int at_work_ = 0;      // Requests taken and not answered.
  Spinning taking_spin_{2, Spinning::Manner::kYielding};

  std::atomic<uint64_t> alive_{0};
  // Threads between Enter and Leave, and kClosed.
  std::atomic<uint32_t> inside_{0};
  // Counts entries freed, for threads that wait for one.
  std::atomic<uint32_t> freed_{0};
  std::atomic<uint32_t> waiting_for_entry_{0};
};

}  // namespace dokan
