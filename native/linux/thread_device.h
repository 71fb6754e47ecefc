#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "device_poller.h"
#include "serving_thread.h"

namespace dokan {

class AddonEnvironment;

// The JavaScript class ThreadDevice: a ServingThread and its place in the event loop of a Worker.
// JS thread only. Referenced strongly until close(), or until the environment ends, however it
// does: then whoever waits for an answer of this thread gets EIO.
class ThreadDevice : public Napi::ObjectWrap<ThreadDevice> {
 public:
  static Napi::Function DefineClass(Napi::Env env);

  // For ObjectWrap: info[0] is an External with the thread.
  explicit ThreadDevice(const Napi::CallbackInfo& info);
  ~ThreadDevice() override;
  ThreadDevice(const ThreadDevice&) = delete;
  ThreadDevice& operator=(const ThreadDevice&) = delete;

  // The environment ends.
  void Leave();

  // For DeviceCalls.
  int64_t Receive(std::span<uint8_t> buffer, int64_t spin_microseconds);
  int64_t Send(std::span<const uint8_t> head, std::span<const uint8_t> body);

 private:
  Napi::Value Thread(const Napi::CallbackInfo& info);
  Napi::Value Nodes(const Napi::CallbackInfo& info);
  void Start(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  DevicePoller* Watch(int fd);
  void StopWatching();
  void OnEvent();

  AddonEnvironment* environment_ = nullptr;
  std::shared_ptr<ServingThread> thread_;
  DevicePoller* device_poller_ = nullptr;
  DevicePoller* signal_poller_ = nullptr;
  Napi::FunctionReference on_readable_;
  std::optional<Napi::AsyncContext> context_;
};

// joinThreads(id): the calling thread serves the volume whose device was shared under that number.
Napi::Value JoinThreads(const Napi::CallbackInfo& info);

}  // namespace dokan
