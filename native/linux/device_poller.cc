#include "device_poller.h"

#include <utility>

namespace dokan {

DevicePoller* DevicePoller::Open(uv_loop_t* loop, int fd, std::function<void()> on_event,
                                 std::function<void()> on_closed, int* error) {
  auto* const poller = new DevicePoller;
  *error = uv_poll_init(loop, &poller->poll_, fd);
  if (*error != 0) {
    delete poller;
    return nullptr;
  }
  poller->poll_.data = poller;
  poller->on_event_ = std::move(on_event);
  poller->on_closed_ = std::move(on_closed);
  return poller;
}

int DevicePoller::Start() {
  return uv_poll_start(&poll_, UV_READABLE | UV_DISCONNECT, [](uv_poll_t* poll, int, int) {
    static_cast<DevicePoller*>(poll->data)->on_event_();
  });
}

void DevicePoller::Stop() {
  uv_poll_stop(&poll_);
}

void DevicePoller::Ref() {
  uv_ref(handle());
}

void DevicePoller::Unref() {
  uv_unref(handle());
}

void DevicePoller::Close() {
  uv_close(handle(), [](uv_handle_t* handle) {
    auto* const poller = static_cast<DevicePoller*>(handle->data);
    const std::function<void()> on_closed = std::move(poller->on_closed_);
    delete poller;
    on_closed();
  });
}

}  // namespace dokan
