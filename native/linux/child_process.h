#pragma once

#include <sys/types.h>

namespace dokan {

// Waits until a child has ended, and lets the kernel forget it.
void Reap(pid_t child);

// The same on a thread of its own. False where the system gives none: then the child stays a zombie
// until this process ends.
bool ReapLater(pid_t child);

}  // namespace dokan
