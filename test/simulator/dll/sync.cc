#include "sync.h"

#include <process.h>

#include <memory>
#include <utility>

namespace simulator {
namespace {

unsigned __stdcall RunThread(void* argument) {
  const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(argument));
  (*body)();
  return 0;
}

}  // namespace

Thread::Thread(std::function<void()> body) {
  auto* argument = new std::function<void()>(std::move(body));
  handle_ = reinterpret_cast<HANDLE>(_beginthreadex(nullptr, 0, &RunThread, argument, 0, nullptr));
}

Thread::~Thread() {
  Join();
}

void Thread::Join() {
  if (handle_ == nullptr) return;
  WaitForSingleObject(handle_, INFINITE);
  CloseHandle(handle_);
  handle_ = nullptr;
}

}  // namespace simulator
