#pragma once

#include <napi.h>

namespace dokan {

// Asks a volume for its size; lib/hosts/dokan/native.ts documents it.
Napi::Value ProbeVolumeFunction(const Napi::CallbackInfo& info);

}  // namespace dokan
