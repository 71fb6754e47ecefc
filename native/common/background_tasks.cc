#include "common/background_tasks.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "common/javascript_call.h"
#include "common/thread.h"

namespace dokan {

struct BackgroundTasks::Handle {
  uv_async_t async;
  BackgroundTasks* owner;
  std::function<void()> closed;
};

// Outlives the environment as long as a thread needs it. `handle` is null once closed:
// uv_async_send is called under the lock, so never on a handle that is being closed.
struct BackgroundTasks::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  Handle* handle = nullptr;
  std::deque<std::pair<uint64_t, std::unique_ptr<BackgroundTask>>> finished;
  int awaited = 0;
};

BackgroundTasks::BackgroundTasks(Napi::Env env)
    : env_(env), shared_(std::make_shared<Shared>()), handle_(new Handle) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  handle_->owner = this;
  uv_async_init(loop, &handle_->async, [](uv_async_t* async) {
    static_cast<Handle*>(async->data)->owner->SettleFinished();
  });
  handle_->async.data = handle_;
  uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->async));
  shared_->handle = handle_;
}

BackgroundTasks::~BackgroundTasks() = default;

Napi::Value BackgroundTasks::Start(std::unique_ptr<BackgroundTask> task) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  NAPI_THROW_IF_FAILED(env_, napi_create_promise(env_, &deferred, &promise), Napi::Value());
  const uint64_t id = ++last_id_;
  const bool awaited = task->Awaited();
  const bool keeps_alive = task->KeepsAlive();
  if (awaited) {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->awaited;
  }
  // std::function wants something it could copy, and a unique_ptr is not.
  const auto holder = std::make_shared<std::unique_ptr<BackgroundTask>>(std::move(task));
  if (!StartThread([shared = shared_, id, holder] { Run(shared, id, std::move(*holder)); })) {
    if (awaited) {
      const std::lock_guard lock(shared_->mutex);
      --shared_->awaited;
    }
    (*holder)->NotStarted();
    napi_reject_deferred(env_, deferred, NoThreadError(env_).Value());
    return {env_, promise};
  }
  if (keeps_alive && keeping_alive_++ == 0) {
    uv_ref(reinterpret_cast<uv_handle_t*>(&handle_->async));
  }
  pending_.emplace(id, deferred);
  return {env_, promise};
}

// The task's own thread.
void BackgroundTasks::Run(const std::shared_ptr<Shared>& shared, uint64_t id,
                          std::unique_ptr<BackgroundTask> task) {
  const bool awaited = task->Awaited();
  task->Execute();
  bool delivered = false;
  {
    const std::lock_guard lock(shared->mutex);
    if (shared->handle != nullptr) {
      shared->finished.emplace_back(id, std::exchange(task, nullptr));
      uv_async_send(&shared->handle->async);
      delivered = true;
    }
  }
  if (!delivered) {
    task->Abandon();
  }
  if (awaited) {
    const std::lock_guard lock(shared->mutex);
    --shared->awaited;
    shared->changed.notify_all();
  }
}

// The JS thread, from the loop. Also while the environment ends, and then JavaScript takes nothing:
// no exception may leave.
void BackgroundTasks::SettleFinished() {
  const Napi::HandleScope scope(env_);
  while (true) {
    std::unique_ptr<BackgroundTask> task;
    uint64_t id = 0;
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->finished.empty()) {
        return;
      }
      id = shared_->finished.front().first;
      task = std::move(shared_->finished.front().second);
      shared_->finished.pop_front();
    }
    const auto entry = pending_.find(id);
    napi_deferred deferred = entry->second;
    pending_.erase(entry);
    if (task->KeepsAlive() && --keeping_alive_ == 0) {
      uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->async));
    }
    if (!Settle(*task, deferred)) {
      task->Abandon();
    }
  }
}

bool BackgroundTasks::Settle(BackgroundTask& task, napi_deferred deferred) {
  const JavaScriptScope scope(env_, "dokan:task");  // Its end runs the promise's jobs.
  try {
    return napi_resolve_deferred(env_, deferred, task.Result(env_)) == napi_ok;
  } catch (const Napi::Error& error) {
    return napi_reject_deferred(env_, deferred, error.Value()) == napi_ok;
  }
}

void BackgroundTasks::Close(std::chrono::milliseconds limit, std::function<void()> closed) {
  {
    std::unique_lock lock(shared_->mutex);
    shared_->handle = nullptr;
    // Results that came too late for JavaScript.
    for (auto& [id, task] : shared_->finished) {
      task->Abandon();
    }
    shared_->finished.clear();
    shared_->changed.wait_for(lock, limit, [this] { return shared_->awaited == 0; });
  }
  handle_->closed = std::move(closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->async), [](uv_handle_t* handle) {
    const std::unique_ptr<Handle> owned(static_cast<Handle*>(handle->data));
    owned->closed();
  });
}

}  // namespace dokan
