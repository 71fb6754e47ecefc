#include "arguments.h"

#include <array>
#include <cstdio>

#include "integers.h"

namespace dokan {
namespace {

// A magnitude of 127 bits has a sign.
constexpr uint64_t kMostHighWord = INT64_MAX;

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

// Missing arguments are filled with `undefined` by the runtime.
Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  if (napi_get_cb_info(env, info, &count_, values_, &self_, nullptr) != napi_ok) {
    failed_ = true;
  }
}

void Arguments::Refuse(size_t index, const char* name, const char* expected) {
  if (failed_) {
    return;  // One exception is enough, and a second napi_throw would be an error.
  }
  failed_ = true;
  char message[200];
  std::snprintf(message, sizeof message, "Expected %s for '%s', got %s", expected, name,
                TypeName(env_, values_[index]));
  napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", message);
}

int32_t Arguments::Int32(size_t index, const char* name) {
  int32_t value = 0;
  if (napi_get_value_int32(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a number");
  }
  return value;
}

uint32_t Arguments::Uint32(size_t index, const char* name) {
  uint32_t value = 0;
  if (napi_get_value_uint32(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a number");
  }
  return value;
}

int64_t Arguments::Int64(size_t index, const char* name) {
  int64_t value = 0;
  if (napi_get_value_int64(env_, values_[index], &value) != napi_ok) {
    Refuse(index, name, "a number");
  }
  return value;
}

timespec Arguments::Nanoseconds(size_t index, const char* name) {
  timespec time = {};
  int sign = 0;
  std::array<uint64_t, 2> words = {};
  size_t count = words.size();
  if (napi_get_value_bigint_words(env_, values_[index], &sign, &count, words.data()) != napi_ok) {
    Refuse(index, name, "a bigint");
    return time;
  }
  // More words than there is room for are counted but not copied.
  const bool fits = count <= words.size() && words[1] <= kMostHighWord;
  if (fits) {
    const auto magnitude = static_cast<Int128>((static_cast<UInt128>(words[1]) << 64) | words[0]);
    const Int128 value = sign == 0 ? magnitude : -magnitude;
    // Rounds down: tv_nsec is never negative, also before 1970.
    Int128 seconds = value / kNanosecondsPerSecond;
    Int128 rest = value % kNanosecondsPerSecond;
    if (rest < 0) {
      rest += kNanosecondsPerSecond;
      --seconds;
    }
    if (seconds >= INT64_MIN && seconds <= INT64_MAX) {
      time.tv_sec = static_cast<time_t>(seconds);
      time.tv_nsec = static_cast<long>(rest);
      return time;
    }
  }
  if (!failed_) {
    failed_ = true;
    std::array<char, 200> message = {};
    std::snprintf(message.data(), message.size(), "Expected a time of 64-bit seconds for '%s'",
                  name);
    napi_throw_range_error(env_, "ERR_OUT_OF_RANGE", message.data());
  }
  return time;
}

void Arguments::Path(size_t index, const char* name, BytePath* out) {
  if (!out->Read(env_, values_[index])) {
    Refuse(index, name, "a string or a Uint8Array");
  }
}

std::span<uint8_t> Arguments::Bytes(size_t index, const char* name) {
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

std::span<int64_t> Arguments::BigInt64Array(size_t index, const char* name, size_t minimum) {
  napi_typedarray_type type = napi_int8_array;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(env_, values_[index], &type, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_bigint64_array || size < minimum || data == nullptr) {
    char expected[60];
    std::snprintf(expected, sizeof expected, "a BigInt64Array of at least %zu elements", minimum);
    Refuse(index, name, expected);
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
