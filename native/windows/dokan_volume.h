#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "loop_waker.h"
#include "volume_instance.h"

namespace dokan {

class AddonEnvironment;

// The JavaScript class DokanVolume: a VolumeInstance and its place in the event loop. JS thread
// only. Referenced strongly while mounted, so that the garbage collector never ends a volume.
class DokanVolume : public Napi::ObjectWrap<DokanVolume> {
 public:
  static Napi::Function DefineClass(Napi::Env env);

  // info: onRequests, onClosed, onSlowTransfers.
  explicit DokanVolume(const Napi::CallbackInfo& info);
  ~DokanVolume() override;
  DokanVolume(const DokanVolume&) = delete;
  DokanVolume& operator=(const DokanVolume&) = delete;

  // Mounting failed, or the volume is closed: lets go of the loop and of JavaScript.
  void Finish();
  // Dokan has closed the file system: tells JavaScript, once.
  void ReportClosed();
  // The environment ends: as Finish, and no request reaches JavaScript any more.
  std::shared_ptr<VolumeInstance> ReleaseInstance();

 private:
  Napi::Value Memory(const Napi::CallbackInfo& info);
  Napi::Value Mount(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value RequestorToken(const Napi::CallbackInfo& info);
  Napi::Value Notify(const Napi::CallbackInfo& info);

  // The hot functions: plain Node-API, no C++ exceptions.
  static napi_value Take(napi_env env, napi_callback_info info);
  static napi_value Name(napi_env env, napi_callback_info info);
  static napi_value Block(napi_env env, napi_callback_info info);
  static napi_value BlockFor(napi_env env, napi_callback_info info);
  static napi_value SetBacking(napi_env env, napi_callback_info info);
  static napi_value Transfers(napi_env env, napi_callback_info info);
  static napi_value CancelTransfers(napi_env env, napi_callback_info info);
  static napi_value Expose(napi_env env, napi_callback_info info);
  static napi_value Complete(napi_env env, napi_callback_info info);
  static napi_value CompleteWith(napi_env env, napi_callback_info info);

  void OnWake();
  void Call(const Napi::FunctionReference& function);

  AddonEnvironment* environment_;
  Napi::FunctionReference on_requests_;
  Napi::FunctionReference on_closed_;
  Napi::FunctionReference on_slow_transfers_;
  Napi::AsyncContext context_;
  Napi::Reference<Napi::ArrayBuffer> memory_;
  std::shared_ptr<VolumeInstance> instance_;
  LoopWaker* waker_ = nullptr;
  bool mount_called_ = false;
};

}  // namespace dokan
