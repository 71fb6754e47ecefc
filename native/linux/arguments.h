#pragma once

#include <node_api.h>
#include <time.h>

#include <cstddef>

#include "byte_string.h"
#include "common/call_arguments.h"

namespace dokan {

// The arguments of one call of a function for Linux.
class Arguments : public CallArguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : CallArguments(env, info) {}

  // Nanoseconds since the epoch, a bigint of any size a timespec can hold.
  timespec Nanoseconds(size_t index, const char* name);
  void Path(size_t index, const char* name, BytePath* out);
};

}  // namespace dokan
