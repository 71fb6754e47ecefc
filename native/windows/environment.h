#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <vector>

#include "common/background_tasks.h"
#include "driver_log.h"
#include "loop_waker.h"

namespace dokan {

class DokanVolume;
class FileTable;

// What the addon keeps per Node environment (the main thread, each Worker): its instance data. JS
// thread only. When the environment ends, an async clean-up hook lets every waiting Dokan thread
// go, closes the volumes and holds the environment until the loop has let go of all our handles.
// process.exit() and an uncaught exception run no hooks: then Dokan's threads end with the process,
// and the driver unmounts by itself.
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
  // Whether ArrayBuffers over foreign memory work here.
  bool external_buffers() const { return external_buffers_; }
  void set_external_buffers(bool allowed) { external_buffers_ = allowed && external_possible_; }

  // The open files of the file functions.
  const FileTable& files() const { return *files_; }
  void set_files(const FileTable* files) { files_ = files; }

  void Add(DokanVolume* volume);
  void Remove(DokanVolume* volume);

  // Undefined removes the handler.
  void SetLogHandler(Napi::Value handler);

  // Around the life of every uv handle.
  void HandleOpened();
  void HandleClosed();

 private:
  void CleanUp(napi_async_cleanup_hook_handle hook);
  void CloseLog();
  void OnLog();

  Napi::Env env_;
  uv_loop_t* loop_ = nullptr;
  BackgroundTasks tasks_;
  bool external_possible_ = false;
  bool external_buffers_ = false;
  const FileTable* files_ = nullptr;
  std::vector<DokanVolume*> volumes_;  // Each held by its own strong reference until closed.

  std::shared_ptr<DriverLogSink> log_sink_;
  LoopWaker* log_waker_ = nullptr;
  Napi::FunctionReference log_handler_;

  int open_handles_ = 0;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool ending_ = false;
};

}  // namespace dokan
