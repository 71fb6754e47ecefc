#pragma once

#include <sys/types.h>

namespace dokan {

// Whether a thread, whose number the kernel gave with its request, belongs to this process or to
// one that it started, or that those started; the former alone where this process adopts others'
// children. 0 is a process that we cannot see (of another pid
// namespace). The thread must still wait for its answer, or its number may be another one's.
bool IsOfThisFamily(pid_t thread);

}  // namespace dokan
