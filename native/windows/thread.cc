#include "common/thread.h"

#include <process.h>
#include <windows.h>

#include <cstdint>
#include <memory>
#include <utility>

namespace dokan {
namespace {

unsigned __stdcall Run(void* given) {
  const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(given));
  (*body)();
  return 0;
}

}  // namespace

// Not std::thread: with the C++ library of mingw-w64, one that is started while another, detached
// one is ending may never run.
bool StartThread(std::function<void()> body) {
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  const uintptr_t thread = _beginthreadex(nullptr, 0, Run, owned.get(), 0, nullptr);
  if (thread == 0) {
    return false;
  }
  static_cast<void>(owned.release());  // The thread's now.
  CloseHandle(reinterpret_cast<HANDLE>(thread));
  return true;
}

Napi::Error NoThreadError(Napi::Env env) {
  Napi::Error error = Napi::Error::New(env, "The system gives no further thread");
  error.Set("code", Napi::String::New(env, "EAGAIN"));
  return error;
}

}  // namespace dokan
