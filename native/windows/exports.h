#pragma once

#include <napi.h>

namespace dokan {

// Puts what the addon offers on Windows on its exports.
void ExportWindows(Napi::Env env, Napi::Object exports);

}  // namespace dokan
