#pragma once

#include <napi.h>

#include <memory>

#include "node_store.h"
#include "untold_nodes.h"

namespace dokan {

// The JavaScript class SharedNodes: a thread's way to a NodeStore. `new SharedNodes()` makes a
// store of its own; threads of one volume get theirs from the volume.
class SharedNodes : public Napi::ObjectWrap<SharedNodes> {
 public:
  static Napi::Function DefineClass(Napi::Env env);
  // `untold` is that of the thread, where the thread tells the kernel of nodes.
  static Napi::Value Create(Napi::Env env, std::shared_ptr<NodeStore> store,
                            std::shared_ptr<UntoldNodes> untold);

  explicit SharedNodes(const Napi::CallbackInfo& info);

  NodeStore& store() { return *store_; }
  UntoldNodes* untold() { return untold_.get(); }
  // Where functions put what they give besides their result.
  double* results() { return results_; }

 private:
  Napi::Value Results(const Napi::CallbackInfo& info);

  std::shared_ptr<NodeStore> store_;
  std::shared_ptr<UntoldNodes> untold_;
  Napi::Reference<Napi::Float64Array> array_;
  double* results_ = nullptr;
};

}  // namespace dokan
