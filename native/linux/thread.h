#pragma once

#include <functional>

namespace dokan {

// Runs `body` on a detached thread that takes no signals (they belong to Node's main thread).
// What `body` captures must own everything it uses: nobody joins the thread. The library is linked
// with -z nodelete, so its code stays mapped when a Worker that loaded it has ended.
// Returns false when the system gives no thread; `body` has not run then.
[[nodiscard]] bool StartThread(std::function<void()> body);

}  // namespace dokan
