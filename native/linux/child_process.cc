#include "child_process.h"

#include <errno.h>
#include <sys/wait.h>

#include "common/thread.h"

namespace dokan {

void Reap(pid_t child) {
  // __WALL: one that was made without a signal for its end, too.
  while (::waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

bool ReapLater(pid_t child) {
  return StartThread([child] { Reap(child); });
}

}  // namespace dokan
