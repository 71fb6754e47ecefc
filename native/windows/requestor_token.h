#pragma once

#include <napi.h>
#include <windows.h>

#include <cstdint>
#include <optional>
#include <string>

namespace dokan {

// Who opens a file: read from the access token at once, so that no handle outlives the call.
struct Requestor {
  std::wstring sid;
  uint32_t session_id = 0;
  uint32_t integrity_level = 0;

  // Does not close the token. Nothing: GetLastError() says why.
  static std::optional<Requestor> Read(HANDLE token);

  // A NativeToken of lib/hosts/dokan/native.ts.
  Napi::Object ToJavaScript(Napi::Env env) const;
};

}  // namespace dokan
