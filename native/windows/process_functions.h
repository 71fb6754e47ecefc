#pragma once

#include <napi.h>

namespace dokan {

// What the addon tells of processes; lib/hosts/dokan/native.ts documents them.
Napi::Value ProcessStartedFunction(const Napi::CallbackInfo& info);
Napi::Value IsElevatedFunction(const Napi::CallbackInfo& info);

}  // namespace dokan
