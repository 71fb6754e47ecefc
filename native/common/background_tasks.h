#pragma once

#include <napi.h>
#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace dokan {

// One blocking operation that JavaScript waits for with a promise.
class BackgroundTask {
 public:
  BackgroundTask() = default;
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;
  virtual ~BackgroundTask() = default;

  // On the task's own thread.
  virtual void Execute() = 0;
  // On the JS thread: what the promise resolves to; throws Napi::Error to reject.
  virtual Napi::Value Result(Napi::Env env) = 0;
  // On either thread, when the environment ends: nobody gets the result. May follow Result.
  virtual void Abandon() {}
  // On the JS thread: the system gave no thread, and the promise is about to be rejected.
  virtual void NotStarted() {}
  // Whether the end of the environment waits (within a limit) for Execute and Abandon.
  virtual bool Awaited() const { return false; }
  // Whether its promise keeps Node running.
  virtual bool KeepsAlive() const { return true; }
};

// Runs tasks of one environment, each on a thread of its own, and settles their promises on the
// environment's loop. Not Napi::ThreadSafeFunction: in the Node versions we support, that one is
// freed with the environment while threads still call it.
class BackgroundTasks {
 public:
  explicit BackgroundTasks(Napi::Env env);
  ~BackgroundTasks();
  BackgroundTasks(const BackgroundTasks&) = delete;
  BackgroundTasks& operator=(const BackgroundTasks&) = delete;

  Napi::Value Start(std::unique_ptr<BackgroundTask> task);

  // The environment ends: from here on threads abandon their results. Waits for awaited tasks up to
  // `limit`. `closed` is called by the loop when the handle is gone.
  void Close(std::chrono::milliseconds limit, std::function<void()> closed);

 private:
  struct Shared;
  struct Handle;

  static void Run(const std::shared_ptr<Shared>& shared, uint64_t id,
                  std::unique_ptr<BackgroundTask> task);
  void SettleFinished();
  bool Settle(BackgroundTask& task, napi_deferred deferred);

  Napi::Env env_;
  std::shared_ptr<Shared> shared_;
  Handle* handle_;  // Freed by the loop once closed.
  std::map<uint64_t, napi_deferred> pending_;
  size_t keeping_alive_ = 0;  // Of those pending.
  uint64_t last_id_ = 0;
};

}  // namespace dokan
