#pragma once

#include <windows.h>
#include <winternl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "dokan_abi.h"
#include "dokan_library.h"
#include "file_handle.h"
#include "index_stack.h"
#include "slim_lock.h"

namespace dokan {

// Watches over Dokan threads that read and write real files themselves. A request that takes too
// long costs the whole volume, as the driver unmounts it then: so the driver is told to wait on,
// and after a limit the system is asked to give the operation up. A timer of the system's pool
// looks after those that are under way; without any there is none.
class IoWatch {
  struct Place;

 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  // One Dokan thread at its operations, for one request.
  class Scope {
   public:
    // `info` is the request's.
    Scope(IoWatch* watch, abi::FileInfo* info);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    // False: too many others, or the volume is being closed. Nothing else may be called then.
    explicit operator bool() const { return place_ != nullptr; }
    // To be set when an operation ends; nullptr when the system has none.
    HANDLE Event();
    // The operation about to start: of this thread, or (with a file) one that goes on by itself.
    void Begin(HANDLE file, IO_STATUS_BLOCK* io);
    void End();
    // The operation was given up because it took longer than the limit.
    bool timed_out() const { return timed_out_; }

   private:
    IoWatch* const watch_;
    abi::FileInfo* const info_;
    Place* place_ = nullptr;
    bool timed_out_ = false;
  };

  // Milliseconds from whenever.
  using Clock = ULONGLONG(WINAPI*)();

  explicit IoWatch(Clock clock = GetTickCount64) : clock_(clock) {}
  ~IoWatch() { Stop(); }
  IoWatch(const IoWatch&) = delete;
  IoWatch& operator=(const IoWatch&) = delete;

  // Milliseconds: how long the driver is patient, and when to give up; `tick`: how often to look.
  // `slow` is called, on a thread of the system's pool, at every look that finds an operation which
  // has been there for most of a tick.
  void Start(std::shared_ptr<DokanLibrary> library, uint32_t driver_timeout, uint64_t limit,
             uint32_t tick, std::function<void()> slow);
  // Operations under way.
  uint32_t count() const { return under_way_.load(); }
  // Gives up all that is under way, as if its time had come.
  void CancelAll();
  // Dokan has no thread in a callback any more.
  void Stop();

 private:
  struct Place {
    SlimLock lock;
    uint32_t number = 0;
    FileHandle event;  // Made when it is first wanted, kept for the next one.
    // Null while no operation is under way. The thread waits for the lock before it goes on.
    abi::FileInfo* info = nullptr;
    uint64_t start = 0;
    DWORD thread = 0;
    HANDLE file = nullptr;
    IO_STATUS_BLOCK* io = nullptr;
    bool cancelled = false;
  };

  // As many as a volume has requests at once.
  static constexpr uint32_t kPlaces = 64;

  static void CALLBACK OnTimer(PTP_CALLBACK_INSTANCE, void* self, PTP_TIMER);
  void Arm();
  void Look();
  static void Cancel(Place* place);

  const Clock clock_;
  std::array<Place, kPlaces> places_;
  std::array<std::atomic<uint32_t>, kPlaces> links_ = {};
  IndexStack free_;
  std::shared_ptr<DokanLibrary> library_;
  uint32_t driver_timeout_ = 0;
  uint64_t limit_ = kNever;
  uint32_t tick_ = 0;
  std::function<void()> slow_;
  PTP_TIMER timer_ = nullptr;
  // Operations under way, and whether the timer will look at them.
  std::atomic<uint32_t> under_way_{0};
  std::atomic<bool> armed_{false};
};

}  // namespace dokan
