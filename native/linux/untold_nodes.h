#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "node_store.h"
#include "request_header.h"

namespace dokan {

// Lookups that a thread has counted for replies it has not sent yet. The kernel forgets only what
// it was told of: when the thread dies, somebody has to take these back. That thread only.
class UntoldNodes {
 public:
  void Add(NodeKey key) { keys_.push_back(key); }
  // One lookup is taken back by whoever has counted it; false when it was taken back already.
  bool Remove(NodeKey key);
  // The kernel has that reply.
  void Told(Opcode opcode, std::span<const uint8_t> reply);
  // The thread will send none of its replies.
  void TakeBack(NodeStore& store);

 private:
  void Remove(uint64_t id, size_t* from);

  std::vector<NodeKey> keys_;
};

}  // namespace dokan
