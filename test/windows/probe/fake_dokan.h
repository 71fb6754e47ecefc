#pragma once

#include <windows.h>

#include <cstdint>

namespace probe {

// Calls FlushFileBuffers of the mounted volume so often, on this thread. Nanoseconds each; -1 when
// one failed.
int64_t CallMounted(uint32_t count);

}  // namespace probe
