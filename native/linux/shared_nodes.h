#pragma once

#include <napi.h>

#include <memory>

#include "node_store.h"

namespace dokan {

// The JavaScript class SharedNodes: a thread's way to a NodeStore. `new SharedNodes()` makes a
// store of its own; threads of one volume get theirs from the volume.
class SharedNodes : public Napi::ObjectWrap<SharedNodes> {
 public:
  static Napi::Function DefineClass(Napi::Env env);
  static Napi::Value Create(Napi::Env env, std::shared_ptr<NodeStore> store);

  explicit SharedNodes(const Napi::CallbackInfo& info);

  NodeStore& store() { return *store_; }
  // Where functions put their second result.
  double* results() { return results_; }

 private:
  Napi::Value Results(const Napi::CallbackInfo& info);

  std::shared_ptr<NodeStore> store_;
  Napi::Reference<Napi::Float64Array> array_;
  double* results_ = nullptr;
};

}  // namespace dokan
