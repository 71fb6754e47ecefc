#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "device_backing.h"
#include "device_poller.h"
#include "fuse_connection.h"

namespace dokan {

class AddonEnvironment;

// The JavaScript class FuseDevice: a FuseConnection and its place in the event loop. JS thread
// only. JavaScript cannot construct it; the mount functions do. Referenced strongly until close(),
// so that the garbage collector never ends a mount.
class FuseDevice : public Napi::ObjectWrap<FuseDevice> {
 public:
  static Napi::Function DefineClass(Napi::Env env);
  static Napi::Value Create(Napi::Env env, std::shared_ptr<FuseConnection> connection);

  // For ObjectWrap: info[0] is an External with the connection.
  explicit FuseDevice(const Napi::CallbackInfo& info);
  ~FuseDevice() override;
  FuseDevice(const FuseDevice&) = delete;
  FuseDevice& operator=(const FuseDevice&) = delete;

  // The environment ends: lets go of the loop and of JavaScript, and hands over the connection.
  std::shared_ptr<FuseConnection> ReleaseConnection();

  // For DeviceCalls.
  int64_t Receive(std::span<uint8_t> buffer, int64_t spin_microseconds);
  int64_t Send(std::span<const uint8_t> head, std::span<const uint8_t> body);

  FuseConnection& connection() { return *connection_; }
  // Whether it is closed, or its environment ends.
  bool ended() const { return environment_ == nullptr; }
  DeviceBacking& backing() { return backing_; }
  // One request, of the device or kept for us, as ReceiveRequest.
  int64_t ReceiveAny(std::span<uint8_t> buffer, int64_t spin_microseconds);

 private:
  Napi::Value Fd(const Napi::CallbackInfo& info);
  Napi::Value DeviceNumber(const Napi::CallbackInfo& info);
  Napi::Value MountPoint(const Napi::CallbackInfo& info);
  Napi::Value IsMounted(const Napi::CallbackInfo& info);
  void Start(const Napi::CallbackInfo& info);
  void Stop(const Napi::CallbackInfo& info);
  void RefHandle(const Napi::CallbackInfo& info);
  void UnrefHandle(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  Napi::Value BackingRequests(const Napi::CallbackInfo& info);
  Napi::Value Share(const Napi::CallbackInfo& info);
  Napi::Value Nodes(const Napi::CallbackInfo& info);
  Napi::Value IsWaitedFor(const Napi::CallbackInfo& info);
  Napi::Value IsWriting(const Napi::CallbackInfo& info);

  static napi_value Notify(napi_env env, napi_callback_info info);

  void OnEvent();
  void StartWatch();
  void ReleaseLoop();

  AddonEnvironment* environment_ = nullptr;
  std::shared_ptr<FuseConnection> connection_;
  DevicePoller* poller_ = nullptr;
  ServingWatch* watch_ = nullptr;  // The connection's.
  DeviceBacking backing_{*this};
  DevicePoller* kept_poller_ = nullptr;  // Of what the watch keeps for us.
  Napi::FunctionReference on_readable_;
  std::optional<Napi::AsyncContext> context_;
  bool referenced_ = true;
};

}  // namespace dokan
