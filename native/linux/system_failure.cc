#include "system_failure.h"

#include <uv.h>

#include "byte_string.h"

namespace dokan {

Napi::Error SystemFailure::ToError(Napi::Env env) const {
  std::string code = "EHELPER";
  std::string message;
  if (error != 0) {
    char name[64];
    char text[128];
    uv_err_name_r(-error, name, sizeof name);
    uv_strerror_r(-error, text, sizeof text);
    code = name;
    message = code + ": " + text + ", " + syscall + " '" + path + "'";
  } else {
    message = path + " failed (exit code " + std::to_string(exit_code) + ")";
    if (!detail.empty()) {
      message += ": " + detail;
    }
  }
  napi_value value = nullptr;
  napi_create_error(env, Napi::String::New(env, code), DecodeBytes(env, message), &value);
  Napi::Error result(env, value);
  Napi::Object object = result.Value();
  object.Set("syscall", syscall);
  object.Set("path", Napi::String(env, DecodeBytes(env, path)));
  if (error != 0) {
    object.Set("errno", error);
  } else {
    object.Set("exitCode", exit_code);
    object.Set("detail", Napi::String(env, DecodeBytes(env, detail)));
  }
  return result;
}

}  // namespace dokan
