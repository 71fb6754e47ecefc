#pragma once

#include <uv.h>

#include <functional>

namespace dokan {

// A uv_poll handle on a FUSE device. JS thread only. Lives until the loop has closed it, which may
// be after its owner is gone: hence created by Open, ended by Close, never deleted by others.
class DevicePoller {
 public:
  // `on_event`: a request is there, or the connection ended (POLLERR; libuv has stopped polling
  // then). `on_closed`: the loop has let go. Returns nullptr and a negative uv error in `error`.
  static DevicePoller* Open(uv_loop_t* loop, int fd, std::function<void()> on_event,
                            std::function<void()> on_closed, int* error);

  int Start();
  void Stop();
  void Ref();
  void Unref();
  // No event comes after this. The descriptor may be closed as soon as it returns.
  void Close();

  DevicePoller(const DevicePoller&) = delete;
  DevicePoller& operator=(const DevicePoller&) = delete;

 private:
  DevicePoller() = default;
  ~DevicePoller() = default;
  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&poll_); }

  uv_poll_t poll_ = {};
  std::function<void()> on_event_;
  std::function<void()> on_closed_;
};

}  // namespace dokan
