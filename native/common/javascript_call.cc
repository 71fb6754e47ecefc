#include "common/javascript_call.h"

namespace dokan {

void CallJavaScript(napi_env env, napi_async_context context, napi_value self,
                    napi_value function) {
  if (napi_make_callback(env, context, self, function, 0, nullptr, nullptr) == napi_ok) {
    return;
  }
  // Not pending: a Worker is being terminated, and there is nothing to report to.
  bool pending = false;
  napi_value exception = nullptr;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
    napi_fatal_exception(env, exception);
  }
}

JavaScriptScope::JavaScriptScope(napi_env env, const char* name) : env_(env) {
  napi_value text = nullptr;
  napi_value resource = nullptr;
  if (napi_create_string_latin1(env, name, NAPI_AUTO_LENGTH, &text) == napi_ok &&
      napi_create_object(env, &resource) == napi_ok &&
      napi_async_init(env, resource, text, &context_) == napi_ok) {
    napi_open_callback_scope(env, resource, context_, &scope_);
  }
}

JavaScriptScope::~JavaScriptScope() {
  if (scope_ != nullptr) {
    napi_close_callback_scope(env_, scope_);
  }
  if (context_ != nullptr) {
    napi_async_destroy(env_, context_);
  }
}

}  // namespace dokan
