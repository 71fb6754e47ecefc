#include "common/call_arguments.h"

#include <array>
#include <cstdio>

namespace dokan {
namespace {

const char* TypeName(napi_env env, napi_value value) {
  static constexpr std::array<const char*, 10> kNames = {
      "undefined", "null",      "a boolean",  "a number",          "a string",
      "a symbol",  "an object", "a function", "an external value", "a bigint"};
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  const auto index = static_cast<size_t>(type);
  return index < kNames.size() ? kNames[index] : "something else";
}

}  // namespace

CallArguments::CallArguments(napi_env env, napi_callback_info info) : env_(env) {
  if (napi_get_cb_info(env, info, &count_, values_, &self_, &data_) != napi_ok) {
    failed_ = true;
  }
}

void CallArguments::Refuse(size_t index, const char* name, const char* expected) {
  if (failed_) {
    return;  // One exception is enough, and a second throw would be an error.
  }
  failed_ = true;
  std::array<char, 200> message = {};
  std::snprintf(message.data(), message.size(), "Expected %s for '%s', got %s", expected, name,
                TypeName(env_, values_[index]));
  napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", message.data());
}

void CallArguments::RefuseRange(const char* name, const char* expected) {
  if (failed_) {
    return;
  }
  failed_ = true;
  std::array<char, 200> message = {};
  std::snprintf(message.data(), message.size(), "Expected %s for '%s'", expected, name);
  napi_throw_range_error(env_, "ERR_OUT_OF_RANGE", message.data());
}

bool CallArguments::IsUndefined(size_t index) const {
  napi_valuetype type = napi_undefined;
  return napi_typeof(env_, values_[index], &type) == napi_ok && type == napi_undefined;
}

int32_t CallArguments::Int32(size_t index, const char* name) {
  int32_t value = 0;
  if (napi_get_value_int32(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a number");
  }
  return value;
}

uint32_t CallArguments::Uint32(size_t index, const char* name) {
  uint32_t value = 0;
  if (napi_get_value_uint32(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a number");
  }
  return value;
}

int64_t CallArguments::Int64(size_t index, const char* name) {
  int64_t value = 0;
  if (napi_get_value_int64(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a number");
  }
  return value;
}

bool CallArguments::Boolean(size_t index, const char* name) {
  bool value = false;
  if (napi_get_value_bool(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a boolean");
  }
  return value;
}

std::span<uint8_t> CallArguments::Bytes(size_t index, const char* name) {
  napi_typedarray_type type = napi_int8_array;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(env_, values_[index], &type, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array) {
    Refuse(index, name, "a Uint8Array");
    return {};
  }
  return {static_cast<uint8_t*>(data), data == nullptr ? 0 : size};
}

std::span<int64_t> CallArguments::BigInt64s(size_t index, const char* name, size_t minimum) {
  napi_typedarray_type type = napi_int8_array;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(env_, values_[index], &type, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_bigint64_array || size < minimum || data == nullptr) {
    std::array<char, 60> expected = {};
    std::snprintf(expected.data(), expected.size(), "a BigInt64Array of at least %u elements",
                  static_cast<unsigned>(minimum));
    Refuse(index, name, expected.data());
    return {};
  }
  return {static_cast<int64_t*>(data), size};
}

napi_value Number(napi_env env, int64_t value) {
  napi_value result = nullptr;
  if (value >= INT32_MIN && value <= INT32_MAX) {
    napi_create_int32(env, static_cast<int32_t>(value), &result);  // A small integer: no heap.
  } else {
    napi_create_int64(env, value, &result);
  }
  return result;
}

}  // namespace dokan
