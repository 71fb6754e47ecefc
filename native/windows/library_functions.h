#pragma once

#include <napi.h>

namespace dokan {

// The functions of the addon that concern no single volume; lib/hosts/dokan/native.ts documents
// them.
Napi::Value VersionsFunction(const Napi::CallbackInfo& info);
Napi::Value ListMountPointsFunction(const Napi::CallbackInfo& info);
Napi::Value RemoveMountPointFunction(const Napi::CallbackInfo& info);
void OnDriverLogFunction(const Napi::CallbackInfo& info);

}  // namespace dokan
