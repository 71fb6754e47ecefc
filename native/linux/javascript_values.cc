#include "javascript_values.h"

#include <cstdint>
#include <cstring>

namespace dokan {
namespace {

napi_value Copy(napi_env env, napi_typedarray_type type, const void* data, size_t count,
                size_t size) {
  void* memory = nullptr;
  napi_value buffer = nullptr;
  napi_value result = nullptr;
  if (napi_create_arraybuffer(env, size, &memory, &buffer) != napi_ok) {
    return nullptr;  // Out of memory: the exception is pending.
  }
  if (size > 0) {
    std::memcpy(memory, data, size);
  }
  napi_create_typedarray(env, type, count, buffer, 0, &result);
  return result;
}

}  // namespace

napi_value BytesToJavaScript(napi_env env, const void* data, size_t size) {
  return Copy(env, napi_uint8_array, data, size, size);
}

napi_value BigUint64sToJavaScript(napi_env env, const void* data, size_t count) {
  return Copy(env, napi_biguint64_array, data, count, count * sizeof(uint64_t));
}

}  // namespace dokan
