#pragma once

#include <node_api.h>

#include "arguments.h"

namespace dokan {

// A function of a JavaScript class, called by the plain C API.
inline napi_property_descriptor RawMethod(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

// What such a function was called on, with all its arguments read; nullptr when an exception is
// pending.
template <typename Object>
Object* ObjectOf(const Arguments& arguments) {
  void* self = nullptr;
  const bool found =
      !arguments.failed() && napi_unwrap(arguments.env(), arguments.self(), &self) == napi_ok;
  return found ? static_cast<Object*>(self) : nullptr;
}

}  // namespace dokan
