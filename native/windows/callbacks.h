#pragma once

#include "dokan_abi.h"

namespace dokan {

// All 25 callbacks: a missing one makes some versions of the library leave requests unanswered.
abi::Operations AllCallbacks();

}  // namespace dokan
