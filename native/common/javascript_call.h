#pragma once

#include <node_api.h>

namespace dokan {

// Calls a JavaScript function from the event loop (JS thread, no JavaScript below on the stack), as
// Node calls its own callbacks: process.nextTick and promise jobs run after it, what it throws
// (even null) becomes an 'uncaughtException'. Does nothing when the environment takes no more
// JavaScript.
void CallJavaScript(napi_env env, napi_async_context context, napi_value self, napi_value function);

// Native code on the JS thread that came from the event loop: at the end of the scope, Node runs
// process.nextTick and promise jobs. Not Napi::CallbackScope, which aborts the process when a
// Worker is being terminated.
class JavaScriptScope {
 public:
  JavaScriptScope(napi_env env, const char* name);
  ~JavaScriptScope();
  JavaScriptScope(const JavaScriptScope&) = delete;
  JavaScriptScope& operator=(const JavaScriptScope&) = delete;

 private:
  napi_env env_;
  napi_async_context context_ = nullptr;
  napi_callback_scope scope_ = nullptr;
};

}  // namespace dokan
