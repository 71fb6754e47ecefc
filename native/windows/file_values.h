#pragma once

#include <node_api.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace dokan {

// UTF-16 as it is, lone surrogates included.
inline napi_value TextToJavaScript(napi_env env, std::wstring_view text) {
  napi_value result = nullptr;
  napi_create_string_utf16(env, reinterpret_cast<const char16_t*>(text.data()), text.size(),
                           &result);
  return result;
}

// A typed array on memory of its own with a copy of the elements: the runtime may forbid external
// memory (Electron does). nullptr when there is no memory: then an exception is pending.
template <typename Element>
napi_value ArrayToJavaScript(napi_env env, napi_typedarray_type type,
                             const std::vector<Element>& elements) {
  const size_t size = elements.size() * sizeof(Element);
  void* memory = nullptr;
  napi_value buffer = nullptr;
  napi_value result = nullptr;
  if (napi_create_arraybuffer(env, size, &memory, &buffer) != napi_ok) {
    return nullptr;
  }
  if (size > 0) {
    std::memcpy(memory, elements.data(), size);
  }
  napi_create_typedarray(env, type, elements.size(), buffer, 0, &result);
  return result;
}

}  // namespace dokan
