#pragma once

#include <node_api.h>

namespace probe {

// watchedReads(): what IoWatch does to reads of pipes that nobody writes to, by a clock that stands
// still unless it is told otherwise. An object of booleans, each of which should be true.
napi_value WatchedReads(napi_env env, napi_callback_info info);

}  // namespace probe
