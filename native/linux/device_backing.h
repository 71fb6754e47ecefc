#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel_passthrough.h"

namespace dokan {

class BackingServer;
class FuseDevice;

// The part of a FuseDevice that has to do with real files that back opens: what the kernel is told
// of them, and the requests that are served here, below JavaScript. JS thread only.
class DeviceBacking {
 public:
  // The functions of the JavaScript class FuseDevice for it.
  static std::array<napi_property_descriptor, 7> Methods();

  explicit DeviceBacking(FuseDevice& device) : device_(device) {}

  // Reads and writes that are begun and not answered yet.
  size_t outstanding() const;

  // The next request for JavaScript, as ReceiveRequest; 0 for one that was served here.
  int64_t Receive(std::span<uint8_t> buffer, int64_t spin_microseconds);
  // Serves what needs no JavaScript, for as long as threads are at work: calling it would take
  // longer than handing over to them. Once they have nothing to do JavaScript looks for what comes
  // next.
  bool NeedsJavaScript();
  // The device is about to be closed.
  void End();

 private:
  static napi_value Check(napi_env env, napi_callback_info info);
  static napi_value Open(napi_env env, napi_callback_info info);
  static napi_value Is(napi_env env, napi_callback_info info);
  static napi_value IsUnchanged(napi_env env, napi_callback_info info);
  static napi_value Close(napi_env env, napi_callback_info info);
  static napi_value Serve(napi_env env, napi_callback_info info);
  static napi_value EndServing(napi_env env, napi_callback_info info);

  int64_t Add(int64_t handle, int fd, bool extends);
  int64_t ServeBelow(int64_t spin_microseconds);
  int64_t TakeEarly(std::span<uint8_t> buffer);

  FuseDevice& device_;
  BackingServer* server_ = nullptr;  // The connection's.
  // What was received before JavaScript asks for it; its memory is what `server_` receives into.
  std::optional<int64_t> early_;
  size_t longest_ = 0;  // Bytes JavaScript has room for.
  KernelPassthrough passthrough_;
};

}  // namespace dokan
