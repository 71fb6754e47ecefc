#include "common/thread.h"

#include <errno.h>
#include <signal.h>

#include <system_error>
#include <thread>
#include <utility>

#include "system_failure.h"

namespace dokan {

bool StartThread(std::function<void()> body) {
  // A thread inherits the mask of its creator: block, create, restore.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    std::thread(std::move(body)).detach();
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

Napi::Error NoThreadError(Napi::Env env) {
  return SystemFailure::FromErrno(EAGAIN, "thread", "").ToError(env);
}

}  // namespace dokan
