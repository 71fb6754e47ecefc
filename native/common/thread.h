#pragma once

#include <napi.h>

#include <functional>

namespace dokan {

// Runs `body` on a detached thread; on Linux one that takes no signals (they belong to Node's main
// thread). What `body` captures must own everything it uses: nobody joins the thread. The addon's
// code stays mapped when a Worker that loaded it has ended (Linux: linked with -z nodelete;
// Windows: pinned when loaded).
// Returns false when the system gives no thread; `body` has not run then.
[[nodiscard]] bool StartThread(std::function<void()> body);

// What a promise is rejected with when StartThread returned false. JS thread.
Napi::Error NoThreadError(Napi::Env env);

}  // namespace dokan
