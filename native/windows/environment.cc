#include "environment.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/thread.h"
#include "dokan_volume.h"
#include "wide_text.h"

namespace dokan {
namespace {

constexpr std::chrono::seconds kCloseLimit{2};

bool ExternalBuffersWork(Napi::Env env) {
  static uint8_t byte = 0;
  napi_value buffer = nullptr;
  // The runtime says no with a status, without an exception.
  return napi_create_external_arraybuffer(
             env, &byte, sizeof byte, [](napi_env, void*, void*) {}, nullptr, &buffer) == napi_ok &&
         napi_detach_arraybuffer(env, buffer) == napi_ok;
}

// Closes all, each on its own thread, and waits for that up to a limit. A volume that takes longer
// goes on by itself: it owns what it needs.
void CloseAll(const std::vector<std::shared_ptr<VolumeInstance>>& instances) {
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    size_t open = 0;
  };
  const auto progress = std::make_shared<Progress>();
  progress->open = instances.size();
  for (const auto& instance : instances) {
    const bool started = StartThread([progress, instance] {
      instance->Close();
      const std::lock_guard lock(progress->mutex);
      --progress->open;
      progress->changed.notify_all();
    });
    if (!started) {
      const std::lock_guard lock(progress->mutex);
      --progress->open;
    }
  }
  std::unique_lock lock(progress->mutex);
  progress->changed.wait_for(lock, kCloseLimit, [&] { return progress->open == 0; });
}

}  // namespace

void AddonEnvironment::Attach(Napi::Env env) {
  env.SetInstanceData(new AddonEnvironment(env));
}

AddonEnvironment& AddonEnvironment::Of(Napi::Env env) {
  return *env.GetInstanceData<AddonEnvironment>();
}

AddonEnvironment::AddonEnvironment(Napi::Env env)
    : env_(env), tasks_(env), external_possible_(ExternalBuffersWork(env)) {
  external_buffers_ = external_possible_;
  napi_get_uv_event_loop(env, &loop_);
  HandleOpened();  // The one of tasks_.
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle hook, void* self) {
        static_cast<AddonEnvironment*>(self)->CleanUp(hook);
      },
      this, &hook_);
}

AddonEnvironment::~AddonEnvironment() {
  log_handler_.SuppressDestruct();  // The environment frees its references itself.
}

void AddonEnvironment::Add(DokanVolume* volume) {
  volumes_.push_back(volume);
}

void AddonEnvironment::Remove(DokanVolume* volume) {
  std::erase(volumes_, volume);
}

void AddonEnvironment::SetLogHandler(Napi::Value handler) {
  if (handler.IsUndefined()) {
    CloseLog();
    return;
  }
  if (!handler.IsFunction()) {
    throw Napi::TypeError::New(env_, "Expected a function or undefined for 'handler'");
  }
  if (log_waker_ == nullptr) {
    log_waker_ = LoopWaker::Open(
        loop_, [this] { OnLog(); }, [this] { HandleClosed(); });
    if (log_waker_ == nullptr) {
      throw Napi::Error::New(env_, "The event loop gives no handle");
    }
    HandleOpened();
    log_sink_ = std::make_shared<DriverLogSink>();
    log_sink_->SetWaker(log_waker_);
    DriverLog::Get().AddSink(log_sink_);
  }
  log_handler_ = Napi::Persistent(handler.As<Napi::Function>());
}

void AddonEnvironment::CloseLog() {
  if (log_waker_ == nullptr) {
    return;
  }
  DriverLog::Get().RemoveSink(log_sink_);
  log_sink_->SetWaker(nullptr);
  log_sink_.reset();
  std::exchange(log_waker_, nullptr)->Close();
  log_handler_.Reset();
}

void AddonEnvironment::OnLog() {
  const Napi::HandleScope scope(env_);
  for (const std::wstring& line : log_sink_->TakeAll()) {
    if (log_handler_.IsEmpty()) {
      return;  // A handler removed itself.
    }
    try {
      // Not undefined: that is no receiver for Node-API.
      log_handler_.MakeCallback(env_.Global(), {ToJavaScript(env_, line)});
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env_, error.Value());
    }
  }
}

void AddonEnvironment::HandleOpened() {
  ++open_handles_;
}

void AddonEnvironment::HandleClosed() {
  if (--open_handles_ == 0 && ending_) {
    napi_remove_async_cleanup_hook(hook_);
  }
}

void AddonEnvironment::CleanUp(napi_async_cleanup_hook_handle hook) {
  hook_ = hook;
  ending_ = true;
  const Napi::HandleScope scope(env_);
  CloseLog();
  std::vector<std::shared_ptr<VolumeInstance>> instances;
  for (DokanVolume* volume : std::exchange(volumes_, {})) {
    instances.push_back(volume->ReleaseInstance());
  }
  CloseAll(instances);
  tasks_.Close(kCloseLimit, [this] { HandleClosed(); });
}

}  // namespace dokan
