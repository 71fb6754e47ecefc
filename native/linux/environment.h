#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <vector>

#include "common/background_tasks.h"
#include "fuse_connection.h"

namespace dokan {

class FuseDevice;
class ThreadDevice;

// What the addon keeps per Node environment (the main thread, each Worker): its instance data.
// JS thread only. When the environment ends (not at process.exit: see ConnectionRegistry), an async
// clean-up hook closes every device, detaches its mount and holds the environment until the loop
// has let go of all our handles.
class AddonEnvironment {
 public:
  static void Attach(Napi::Env env);
  static AddonEnvironment& Of(Napi::Env env);

  explicit AddonEnvironment(Napi::Env env);
  ~AddonEnvironment();
  AddonEnvironment(const AddonEnvironment&) = delete;
  AddonEnvironment& operator=(const AddonEnvironment&) = delete;

  uv_loop_t* loop() const { return loop_; }
  BackgroundTasks& tasks() { return tasks_; }
  Napi::FunctionReference& device_class() { return device_class_; }
  Napi::FunctionReference& nodes_class() { return nodes_class_; }
  Napi::FunctionReference& thread_class() { return thread_class_; }

  void Add(FuseDevice* device);
  void Remove(FuseDevice* device);
  void Add(ThreadDevice* device);
  void Remove(ThreadDevice* device);

  // Around the life of every uv handle.
  void HandleOpened();
  void HandleClosed();

 private:
  void CleanUp(napi_async_cleanup_hook_handle hook);

  Napi::Env env_;
  uv_loop_t* loop_ = nullptr;
  BackgroundTasks tasks_;
  Napi::FunctionReference device_class_;
  Napi::FunctionReference nodes_class_;
  Napi::FunctionReference thread_class_;
  std::vector<FuseDevice*> devices_;  // Each held by its own strong reference until closed.
  std::vector<ThreadDevice*> thread_devices_;  // The same.
  int open_handles_ = 0;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool ending_ = false;
};

}  // namespace dokan
