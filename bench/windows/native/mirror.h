#pragma once

#include <string>

#include "windows/dokan_abi.h"

namespace bench {

// A mirror as one writes it in C++ against Dokan: what mirrorfs is measured against. It has the
// callbacks that are measured, and no others.
dokan::abi::Operations MirrorOf(std::wstring root);

}  // namespace bench
