#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dokan {

// A node as the kernel names it. The number is given to another file later on, the pair never
// within the life of a volume.
struct NodeKey {
  uint32_t id = 0;
  uint32_t generation = 0;

  bool valid() const { return id != 0; }
  bool operator==(const NodeKey&) const = default;
};

// A number that a file system made up: an inode number or a time. JavaScript has two kinds, and
// tells them apart.
struct Identity {
  enum class Kind : uint8_t { kNone, kNumber, kBigInt };
  Kind kind = Kind::kNone;
  uint64_t bits = 0;

  bool known() const { return kind != Kind::kNone; }
  bool operator==(const Identity&) const = default;
};

// What the file system says of a file.
struct NodeDescription {
  Identity inode;
  Identity birth;
  int64_t links = 1;
  uint32_t mode = 0;
};

// The nodes of a volume and their names: which node has which place, and what becomes of it when
// names change. Not for several threads at once; NodeStore sees to that. It follows the rules of
// lib/hosts/fuse/nodes.ts, where they are explained. Names are UTF-16 as JavaScript has it.
class NodeTree {
 public:
  static constexpr NodeKey kRoot = {1, 0};

  struct Name {
    uint32_t parent;
    std::u16string name;
    bool operator==(const Name&) const = default;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::u16string_view text) const {
      return std::hash<std::u16string_view>()(text);
    }
  };
  using ChildMap = std::unordered_map<std::u16string, uint32_t, Hash, std::equal_to<>>;
  // Opens of one thread that were made in the same way.
  struct Opener {
    uint32_t thread;
    uint32_t ways;  // Of NodeStore.
    uint32_t count;
  };
  struct Replacement {
    NodeKey parent;
    std::u16string name;
  };
  struct Node {
    NodeKey key;
    uint64_t lookups = 0;
    std::optional<Name> place;
    std::vector<Name> other_places;
    ChildMap children;
    Identity inode;
    Identity birth;
    int64_t unseen_names = 0;
    uint32_t mode = 0;
    std::vector<Opener> opens;
    std::u16string last_path;
    std::optional<Replacement> replaced_at;
    std::vector<uint8_t> remains;
    // The change by which a name in it was given or taken last, and by which it got its own.
    uint64_t names_changed = 0;
    uint64_t moved = 0;
  };

  NodeTree();
  ~NodeTree() = default;
  NodeTree(const NodeTree&) = delete;
  NodeTree& operator=(const NodeTree&) = delete;

  // nullptr when the key is no longer in use.
  Node* Get(NodeKey key) const;
  // The node that has the number now.
  Node* ById(uint32_t id) const;
  Node* ChildOf(const Node& parent, std::u16string_view name) const;
  // The present path, or the last one of an unlinked file.
  std::u16string PathOf(const Node& node) const;
  bool IsUnlinked(const Node& node) const;
  size_t size() const { return size_; }
  // Numbers of nodes are below this.
  uint32_t limit() const { return static_cast<uint32_t>(nodes_.size()); }
  // Another one as soon as a path may have changed.
  uint64_t epoch() const { return epoch_; }
  // How many times a name was given or taken: what is asked of the file system now is true as of
  // it.
  uint64_t changes() const { return changes_; }
  // What the file system was asked of a name there, as of that change, may be about another file.
  bool IsOutdated(const Node& parent, uint64_t as_of) const;

  // The kernel has been told of the node once more.
  Node& Enter(Node& parent, std::u16string_view name, const NodeDescription& description);
  // The same with what was found out without holding off others: nullptr when it may be outdated,
  // and the name is another one's by now, or (unless it was `listed`) nobody's.
  Node* EnterFound(Node& parent, std::u16string_view name, const NodeDescription& description,
                   uint64_t as_of, bool listed);
  void Describe(Node& node, const NodeDescription& description);
  void Link(Node& node, Node& parent, std::u16string_view name);
  // Takes a name away, and its node when nobody knows that any more; the parent stays.
  void Drop(Node& parent, std::u16string_view name);
  // Whatever has become of its old name meanwhile, the node has the new one. Without a node:
  // whatever has the old name.
  void Rename(NodeKey parent_key, std::u16string_view name, NodeKey new_parent_key,
              std::u16string_view new_name, NodeKey key);
  void Exchange(NodeKey parent_key, std::u16string_view name, NodeKey other_parent_key,
                std::u16string_view other_name, NodeKey key, NodeKey other_key);
  // Takes out a node that nobody knows any more, then its parents that were kept for its sake.
  void Sweep(Node* node);

 private:
  struct IdentityHash {
    size_t operator()(const Identity& identity) const {
      return std::hash<uint64_t>()(identity.bits);
    }
  };

  Node* Joined(const NodeDescription& description) const;
  // Of several names the path is made of the one that was just looked up.
  void Prefer(Node& node, const Name& place);
  Node& Add(Node& parent, std::u16string_view name);
  void RemoveName(Node& node, Node& parent, std::u16string_view name);
  // What goes from one name to another loses the first, and may have lost it already.
  void TakeName(Node* node, Node& parent, std::u16string_view name);
  void NoteChange(Node& parent);
  void LoseInode(Node& node);

  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<uint32_t> free_;
  std::unordered_map<Identity, uint32_t, IdentityHash> by_inode_;
  uint32_t generation_ = 0;
  uint64_t epoch_ = 1;
  uint64_t changes_ = 0;
  size_t size_ = 1;
};

}  // namespace dokan
