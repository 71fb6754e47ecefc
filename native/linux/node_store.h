#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node_tree.h"

namespace dokan {

// Every file the kernel may still name, and where it is, for all threads that serve one volume.
// Every function is one step that no other thread sees a half of; a key that is no longer in use
// does nothing.
class NodeStore {
 public:
  NodeStore() = default;
  ~NodeStore() = default;
  NodeStore(const NodeStore&) = delete;
  NodeStore& operator=(const NodeStore&) = delete;

  // The node that has the number now.
  std::optional<NodeKey> Find(uint32_t id) const;
  // Sets `changes` to how many there were.
  NodeKey Child(NodeKey parent, std::u16string_view name, uint64_t* changes) const;
  std::vector<std::u16string> Children(NodeKey parent) const;
  // The present path, or the last one of an unlinked file. Nothing when `epoch` is that of now: the
  // path is then the one it was. Sets `epoch`, and `changes` as Child does.
  std::optional<std::u16string> Path(NodeKey key, uint64_t* epoch, uint64_t* changes) const;
  std::optional<std::pair<NodeKey, std::u16string>> Place(NodeKey key) const;
  NodeKey SuccessorOf(NodeKey key) const;
  Identity Inode(NodeKey key) const;
  void SetInode(NodeKey key, Identity inode);
  uint32_t Mode(NodeKey key) const;
  void SetMode(NodeKey key, uint32_t mode);
  uint64_t Lookups(NodeKey key) const;
  std::vector<uint8_t> Remains(NodeKey key) const;
  void SetRemains(NodeKey key, std::vector<uint8_t> remains);
  size_t size() const;

  NodeKey Enter(NodeKey parent, std::u16string_view name, const NodeDescription& description);
  // See NodeTree. `outdated`: nothing was done, because the file system was asked too early.
  NodeKey EnterFound(NodeKey parent, std::u16string_view name, const NodeDescription& description,
                     uint64_t as_of, bool listed, bool* outdated);
  void Describe(NodeKey key, const NodeDescription& description);
  void Know(NodeKey key);
  void Forget(NodeKey key, uint64_t count);
  // The kernel has forgotten that many lookups of a node, which it knows by its number.
  void Forget(uint64_t id, uint64_t count);
  void Unlink(NodeKey parent, std::u16string_view name);
  // The name was found to be that node's no more. False: somebody has changed names since the file
  // system was asked, and nothing was done.
  bool UnlinkFound(NodeKey parent, std::u16string_view name, NodeKey key, uint64_t as_of);
  void Link(NodeKey key, NodeKey parent, std::u16string_view name);
  // See NodeTree: the keys are what had the names when the file system was asked to change them.
  void Rename(NodeKey parent, std::u16string_view name, NodeKey new_parent,
              std::u16string_view new_name, NodeKey key);
  void Exchange(NodeKey parent, std::u16string_view name, NodeKey other_parent,
                std::u16string_view other_name, NodeKey key, NodeKey other_key);

  // What an open is good for.
  static constexpr uint32_t kReads = 1;
  static constexpr uint32_t kWrites = 2;

  // Opens by thread: an unlinked file can be reached only through one of them.
  void AddOpen(NodeKey key, uint32_t thread, uint32_t ways);
  void RemoveOpen(NodeKey key, uint32_t thread, uint32_t ways);
  // The thread has ended, and its opens with it.
  void RemoveOpensOf(uint32_t thread);
  // Who has an unlinked node open in these ways at least, when `thread` itself has not; else 0.
  uint32_t OtherOpener(uint32_t id, uint32_t thread, uint32_t ways) const;

 private:
  using Node = NodeTree::Node;
  using Opener = NodeTree::Opener;

  mutable std::mutex mutex_;
  NodeTree tree_;
};

}  // namespace dokan
