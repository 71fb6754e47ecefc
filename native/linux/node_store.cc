#include "node_store.h"

#include <algorithm>

namespace dokan {

std::optional<NodeKey> NodeStore::Find(uint32_t id) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.ById(id);
  return node == nullptr ? std::nullopt : std::optional(node->key);
}

NodeKey NodeStore::Child(NodeKey parent, std::u16string_view name, uint64_t* changes) const {
  const std::lock_guard lock(mutex_);
  *changes = tree_.changes();
  const Node* const from = tree_.Get(parent);
  const Node* const child = from == nullptr ? nullptr : tree_.ChildOf(*from, name);
  return child == nullptr ? NodeKey() : child->key;
}

std::vector<std::u16string> NodeStore::Children(NodeKey parent) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::u16string> names;
  if (const Node* const node = tree_.Get(parent); node != nullptr) {
    for (const auto& [name, id] : node->children) {
      names.push_back(name);
    }
  }
  return names;
}

std::optional<std::u16string> NodeStore::Path(NodeKey key, uint64_t* epoch,
                                              uint64_t* changes) const {
  const std::lock_guard lock(mutex_);
  *changes = tree_.changes();
  const Node* const node = tree_.Get(key);
  if (node == nullptr || *epoch == tree_.epoch()) {
    return std::nullopt;
  }
  *epoch = tree_.epoch();
  return tree_.PathOf(*node);
}

std::optional<std::pair<NodeKey, std::u16string>> NodeStore::Place(NodeKey key) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.Get(key);
  if (node == nullptr || !node->place) {
    return std::nullopt;
  }
  return std::pair(tree_.ById(node->place->parent)->key, node->place->name);
}

NodeKey NodeStore::SuccessorOf(NodeKey key) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.Get(key);
  if (node == nullptr || !node->replaced_at) {
    return {};
  }
  const Node* const parent = tree_.Get(node->replaced_at->parent);
  const Node* const child =
      parent == nullptr ? nullptr : tree_.ChildOf(*parent, node->replaced_at->name);
  return child == nullptr ? NodeKey() : child->key;
}

Identity NodeStore::Inode(NodeKey key) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.Get(key);
  return node == nullptr ? Identity() : node->inode;
}

void NodeStore::SetInode(NodeKey key, Identity inode) {
  const std::lock_guard lock(mutex_);
  if (Node* const node = tree_.Get(key); node != nullptr) {
    node->inode = inode;
  }
}

uint32_t NodeStore::Mode(NodeKey key) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.Get(key);
  return node == nullptr ? 0 : node->mode;
}

void NodeStore::SetMode(NodeKey key, uint32_t mode) {
  const std::lock_guard lock(mutex_);
  if (Node* const node = tree_.Get(key); node != nullptr) {
    node->mode = mode;
  }
}

uint64_t NodeStore::Lookups(NodeKey key) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.Get(key);
  return node == nullptr ? 0 : node->lookups;
}

std::vector<uint8_t> NodeStore::Remains(NodeKey key) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.Get(key);
  return node == nullptr ? std::vector<uint8_t>() : node->remains;
}

void NodeStore::SetRemains(NodeKey key, std::vector<uint8_t> remains) {
  const std::lock_guard lock(mutex_);
  if (Node* const node = tree_.Get(key); node != nullptr) {
    node->remains = std::move(remains);
  }
}

size_t NodeStore::size() const {
  const std::lock_guard lock(mutex_);
  return tree_.size();
}

NodeKey NodeStore::Enter(NodeKey parent_key, std::u16string_view name,
                         const NodeDescription& description) {
  const std::lock_guard lock(mutex_);
  Node* const parent = tree_.Get(parent_key);
  return parent == nullptr ? NodeKey() : tree_.Enter(*parent, name, description).key;
}

NodeKey NodeStore::EnterFound(NodeKey parent_key, std::u16string_view name,
                              const NodeDescription& description, uint64_t as_of, bool listed,
                              bool* outdated) {
  const std::lock_guard lock(mutex_);
  *outdated = false;
  Node* const parent = tree_.Get(parent_key);
  if (parent == nullptr) {
    return {};
  }
  const Node* const node = tree_.EnterFound(*parent, name, description, as_of, listed);
  *outdated = node == nullptr;
  return node == nullptr ? NodeKey() : node->key;
}

void NodeStore::Describe(NodeKey key, const NodeDescription& description) {
  const std::lock_guard lock(mutex_);
  if (Node* const node = tree_.Get(key); node != nullptr) {
    tree_.Describe(*node, description);
  }
}

void NodeStore::Know(NodeKey key) {
  const std::lock_guard lock(mutex_);
  if (Node* const node = tree_.Get(key); node != nullptr) {
    node->lookups += 1;
  }
}

void NodeStore::Forget(NodeKey key, uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (Node* const node = tree_.Get(key); node != nullptr) {
    node->lookups -= std::min(node->lookups, count);
    tree_.Sweep(node);
  }
}

void NodeStore::Forget(uint64_t id, uint64_t count) {
  const std::lock_guard lock(mutex_);
  Node* const node = id > UINT32_MAX ? nullptr : tree_.ById(static_cast<uint32_t>(id));
  if (node != nullptr) {
    node->lookups -= std::min(node->lookups, count);
    tree_.Sweep(node);
  }
}

void NodeStore::Unlink(NodeKey parent_key, std::u16string_view name) {
  const std::lock_guard lock(mutex_);
  if (Node* const parent = tree_.Get(parent_key); parent != nullptr) {
    tree_.Drop(*parent, name);
    tree_.Sweep(tree_.Get(parent_key));
  }
}

bool NodeStore::UnlinkFound(NodeKey parent_key, std::u16string_view name, NodeKey key,
                            uint64_t as_of) {
  const std::lock_guard lock(mutex_);
  Node* const parent = tree_.Get(parent_key);
  const Node* const node = parent == nullptr ? nullptr : tree_.ChildOf(*parent, name);
  if (node == nullptr || node->key != key || tree_.IsOutdated(*parent, as_of)) {
    return false;
  }
  tree_.Drop(*parent, name);
  tree_.Sweep(tree_.Get(parent_key));
  return true;
}

void NodeStore::Link(NodeKey key, NodeKey parent_key, std::u16string_view name) {
  const std::lock_guard lock(mutex_);
  Node* const node = tree_.Get(key);
  Node* const parent = tree_.Get(parent_key);
  if (node != nullptr && parent != nullptr) {
    tree_.Link(*node, *parent, name);
  }
}

void NodeStore::Rename(NodeKey parent, std::u16string_view name, NodeKey new_parent,
                       std::u16string_view new_name, NodeKey key) {
  const std::lock_guard lock(mutex_);
  tree_.Rename(parent, name, new_parent, new_name, key);
}

void NodeStore::Exchange(NodeKey parent, std::u16string_view name, NodeKey other_parent,
                         std::u16string_view other_name, NodeKey key, NodeKey other_key) {
  const std::lock_guard lock(mutex_);
  tree_.Exchange(parent, name, other_parent, other_name, key, other_key);
}

void NodeStore::AddOpen(NodeKey key, uint32_t thread, uint32_t ways) {
  const std::lock_guard lock(mutex_);
  Node* const node = tree_.Get(key);
  if (node == nullptr) {
    return;
  }
  for (Opener& opener : node->opens) {
    if (opener.thread == thread && opener.ways == ways) {
      opener.count += 1;
      return;
    }
  }
  node->opens.push_back({thread, ways, 1});
}

void NodeStore::RemoveOpen(NodeKey key, uint32_t thread, uint32_t ways) {
  const std::lock_guard lock(mutex_);
  Node* const node = tree_.Get(key);
  if (node == nullptr) {
    return;
  }
  for (Opener& opener : node->opens) {
    if (opener.thread == thread && opener.ways == ways) {
      opener.count -= 1;
    }
  }
  std::erase_if(node->opens, [](const Opener& opener) { return opener.count == 0; });
  tree_.Sweep(node);
}

void NodeStore::RemoveOpensOf(uint32_t thread) {
  const std::lock_guard lock(mutex_);
  for (uint32_t id = 0; id < tree_.limit(); ++id) {
    Node* const node = tree_.ById(id);
    if (node == nullptr) {
      continue;
    }
    const auto ended = [thread](const Opener& opener) { return opener.thread == thread; };
    if (std::erase_if(node->opens, ended) != 0) {
      tree_.Sweep(node);
    }
  }
}

uint32_t NodeStore::OtherOpener(uint32_t id, uint32_t thread, uint32_t ways) const {
  const std::lock_guard lock(mutex_);
  const Node* const node = tree_.ById(id);
  if (node == nullptr || !tree_.IsUnlinked(*node)) {
    return 0;
  }
  uint32_t other = 0;
  for (const Opener& opener : node->opens) {
    if ((opener.ways & ways) != ways) {
      continue;
    }
    if (opener.thread == thread) {
      return 0;
    }
    other = other == 0 ? opener.thread : other;
  }
  return other;
}

}  // namespace dokan
