#include "loop_waker.h"

#include <utility>

namespace dokan {

LoopWaker* LoopWaker::Open(uv_loop_t* loop, std::function<void()> on_wake,
                           std::function<void()> on_closed) {
  auto* const waker = new LoopWaker;
  const int error = uv_async_init(loop, &waker->async_, [](uv_async_t* async) {
    static_cast<LoopWaker*>(async->data)->on_wake_();
  });
  if (error != 0) {
    delete waker;
    return nullptr;
  }
  waker->async_.data = waker;
  waker->on_wake_ = std::move(on_wake);
  waker->on_closed_ = std::move(on_closed);
  waker->Unref();
  return waker;
}

void LoopWaker::Close() {
  uv_close(handle(), [](uv_handle_t* handle) {
    auto* const waker = static_cast<LoopWaker*>(handle->data);
    const std::function<void()> on_closed = std::move(waker->on_closed_);
    delete waker;
    on_closed();
  });
}

}  // namespace dokan
