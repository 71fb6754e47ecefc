#pragma once

#include <node_api.h>

#include <cstddef>

namespace dokan {

// A new array on memory of its own that holds a copy of the data: the runtime may forbid external
// memory (Electron does), and these are small.
napi_value BytesToJavaScript(napi_env env, const void* data, size_t size);
napi_value BigUint64sToJavaScript(napi_env env, const void* data, size_t count);

}  // namespace dokan
