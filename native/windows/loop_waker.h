#pragma once

#include <uv.h>

#include <functional>

namespace dokan {

// A uv_async handle: wakes the JS thread from any other. Lives until the loop has closed it, which
// may be after its owner is gone: hence created by Open, ended by Close, never deleted by others.
class LoopWaker {
 public:
  // JS thread. `on_wake` runs on it; `on_closed` when the loop has let go. Does not keep the loop
  // alive until Ref. nullptr when libuv refuses.
  static LoopWaker* Open(uv_loop_t* loop, std::function<void()> on_wake,
                         std::function<void()> on_closed);

  // Any thread, as long as nobody calls Close: that is for the owner to see to.
  void Wake() { uv_async_send(&async_); }

  // JS thread.
  void Ref() { uv_ref(handle()); }
  void Unref() { uv_unref(handle()); }
  void Close();

  LoopWaker(const LoopWaker&) = delete;
  LoopWaker& operator=(const LoopWaker&) = delete;

 private:
  LoopWaker() = default;
  ~LoopWaker() = default;
  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&async_); }

  uv_async_t async_ = {};
  std::function<void()> on_wake_;
  std::function<void()> on_closed_;
};

}  // namespace dokan
