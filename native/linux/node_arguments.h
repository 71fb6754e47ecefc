#pragma once

#include <string>

#include "arguments.h"
#include "shared_nodes.h"

namespace dokan {

// The arguments of one call of SharedNodes, and the store it is about.
class NodeArguments : public CallArguments {
 public:
  NodeArguments(napi_env env, napi_callback_info info);

  bool bad() const { return failed() || nodes_ == nullptr; }
  NodeStore& store() const { return nodes_->store(); }
  double* results() const { return nodes_->results(); }
  UntoldNodes* untold() const { return nodes_->untold(); }

  bool IsMissing(size_t index) const { return IsUndefined(index); }
  // Two arguments: the number and the generation.
  NodeKey Key(size_t index) { return {Uint32(index, "id"), Uint32(index + 1, "generation")}; }
  std::u16string Text(size_t index);
  Identity Number(size_t index);

  // The number, with the generation beside it.
  napi_value Answer(NodeKey key) const;
  void AnswerChanges(uint64_t changes) const { results()[1] = static_cast<double>(changes); }
  // The kernel will be told of that node.
  void NoteUntold(NodeKey key) const;

 private:
  SharedNodes* nodes_ = nullptr;
};

}  // namespace dokan
