#pragma once

#include <windows.h>

#include <cstdint>

#include "windows/dokan_abi.h"

namespace probe {

// What was given to DokanCreateFileSystem last.
struct Mounted {
  dokan::abi::Options* options;
  dokan::abi::Operations* operations;
};
Mounted WhatIsMounted();

// Calls FlushFileBuffers of the mounted volume so often, on this thread. False: one has failed.
bool CallMounted(uint32_t count);

}  // namespace probe
