#include "node_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace dokan {
namespace {

bool IsDirectory(uint32_t mode) {
  return S_ISDIR(mode);
}

// What the kernel was told is no directory: those have one name.
bool IsFile(uint32_t mode) {
  return mode != 0 && !S_ISDIR(mode);
}

// What a name is found to be now cannot be that file.
template <typename Node>
bool IsOther(const Node& node, const NodeDescription& now) {
  if (now.inode.known() && node.inode.known() && now.inode != node.inode) {
    return true;
  }
  return node.mode != 0 && (node.mode & S_IFMT) != (now.mode & S_IFMT);
}

}  // namespace

NodeTree::NodeTree() {
  nodes_.resize(kRoot.id + 1);
  nodes_[kRoot.id] = std::make_unique<Node>();
  nodes_[kRoot.id]->key = kRoot;
  nodes_[kRoot.id]->last_path.assign(1, u'/');
}

NodeTree::Node* NodeTree::Get(NodeKey key) const {
  if (key.id >= nodes_.size()) {
    return nullptr;
  }
  Node* const node = nodes_[key.id].get();
  return node != nullptr && node->key == key ? node : nullptr;
}

NodeTree::Node* NodeTree::ById(uint32_t id) const {
  return id < nodes_.size() ? nodes_[id].get() : nullptr;
}

NodeTree::Node* NodeTree::ChildOf(const Node& parent, std::u16string_view name) const {
  const auto found = parent.children.find(name);
  return found == parent.children.end() ? nullptr : nodes_[found->second].get();
}

bool NodeTree::IsUnlinked(const Node& node) const {
  return !node.place && node.key != kRoot;
}

std::u16string NodeTree::PathOf(const Node& node) const {
  // Not recursively: renames make trees that are deeper than any path, and than the stack.
  std::vector<const std::u16string*> names;
  const Node* at = &node;
  while (at != nullptr && at->place) {
    names.push_back(&at->place->name);
    at = at->place->parent == kRoot.id ? nullptr : nodes_[at->place->parent].get();
  }
  std::u16string path;
  if (at != nullptr) {
    path = at->last_path;
  }
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    path += u'/';
    path += **name;
  }
  return path;
}

NodeTree::Node& NodeTree::Enter(Node& parent, std::u16string_view name,
                                const NodeDescription& description) {
  Node* node = ChildOf(parent, name);
  if (node != nullptr && IsOther(*node, description)) {
    // It must not get the pages and the opens of the file that was there.
    Drop(parent, name);
    node = nullptr;
  }
  const bool joinable = description.inode.known() && !IsDirectory(description.mode);
  if (node == nullptr && joinable) {
    node = Joined(description);
    if (node != nullptr) {
      Link(*node, parent, name);
    }
  }
  if (node == nullptr) {
    node = &Add(parent, name);
  }
  if (!node->other_places.empty()) {
    Prefer(*node, {parent.key.id, std::u16string(name)});
  }
  if (description.inode.known() && !node->inode.known()) {
    node->inode = description.inode;
    if (joinable) {
      by_inode_[node->inode] = node->key.id;
    }
  }
  Describe(*node, description);
  node->lookups += 1;
  return *node;
}

NodeTree::Node* NodeTree::EnterFound(Node& parent, std::u16string_view name,
                                     const NodeDescription& description, uint64_t as_of,
                                     bool listed) {
  const Node* const node = ChildOf(parent, name);
  const bool fits = node == nullptr ? listed : !IsOther(*node, description);
  return fits || !IsOutdated(parent, as_of) ? &Enter(parent, name, description) : nullptr;
}

NodeTree::Node* NodeTree::Joined(const NodeDescription& description) const {
  const auto found = by_inode_.find(description.inode);
  if (found == by_inode_.end()) {
    return nullptr;
  }
  Node* const node = nodes_[found->second].get();
  if (node == nullptr || IsOther(*node, description)) {
    return nullptr;
  }
  if (node->place) {
    return description.links > 1 ? node : nullptr;
  }
  // All the names it was known by are gone: this may be another one, or another file.
  return node->birth.known() && node->birth == description.birth ? node : nullptr;
}

void NodeTree::Prefer(Node& node, const Name& place) {
  const auto other = std::find(node.other_places.begin(), node.other_places.end(), place);
  if (!node.place || other == node.other_places.end()) {
    return;
  }
  std::swap(*node.place, *other);
  epoch_ += 1;
}

void NodeTree::Describe(Node& node, const NodeDescription& description) {
  const auto seen = static_cast<int64_t>((node.place ? 1 : 0) + node.other_places.size());
  node.unseen_names = std::max<int64_t>(0, description.links - seen);
  node.birth = description.birth;
  // It was given up for gone, and is not.
  if (!node.place && node.unseen_names > 0 && node.inode.known() && IsFile(node.mode)) {
    by_inode_.try_emplace(node.inode, node.key.id);
  }
}

void NodeTree::Link(Node& node, Node& parent, std::u16string_view name) {
  Node* const before = ChildOf(parent, name);
  if (before == &node) {
    return;
  }
  if (before != nullptr) {
    Drop(parent, name);
  }
  parent.children.emplace(name, node.key.id);
  NoteChange(parent);
  node.moved = changes_;
  Name place = {parent.key.id, std::u16string(name)};
  if (node.place) {
    node.other_places.push_back(std::move(place));
    return;
  }
  node.place = std::move(place);
  epoch_ += 1;
  // Without a name it could not be joined; a name of this volume's own making says it still can.
  if (node.inode.known() && IsFile(node.mode)) {
    by_inode_[node.inode] = node.key.id;
  }
}

void NodeTree::Rename(NodeKey parent_key, std::u16string_view name, NodeKey new_parent_key,
                      std::u16string_view new_name, NodeKey key) {
  Node* const parent = Get(parent_key);
  Node* const new_parent = Get(new_parent_key);
  if (parent == nullptr || new_parent == nullptr) {
    return;
  }
  NoteChange(*parent);
  NoteChange(*new_parent);
  Node* const known = Get(key);
  Node* const node = known == nullptr ? ChildOf(*parent, name) : known;
  Node* const replaced = ChildOf(*new_parent, new_name);
  if (node != nullptr && replaced == node) {
    // Somebody has found it there already; or both names are of one file, and stay.
    return;
  }
  const NodeKey replaced_key = replaced == nullptr ? NodeKey() : replaced->key;
  const NodeKey node_key = node == nullptr ? NodeKey() : node->key;
  Drop(*new_parent, new_name);
  if (Get(parent_key) != parent || Get(new_parent_key) != new_parent || Get(node_key) != node) {
    return;
  }
  if (node == nullptr) {
    Sweep(new_parent);
    return;
  }
  // It may be gone altogether.
  if (Node* const rest = Get(replaced_key); rest != nullptr && IsUnlinked(*rest)) {
    rest->replaced_at = {new_parent->key, std::u16string(new_name)};
  }
  TakeName(node, *parent, name);
  Link(*node, *new_parent, new_name);
  Sweep(Get(parent_key));
}

void NodeTree::Exchange(NodeKey parent_key, std::u16string_view name, NodeKey other_parent_key,
                        std::u16string_view other_name, NodeKey key, NodeKey other_key) {
  Node* const parent = Get(parent_key);
  Node* const other_parent = Get(other_parent_key);
  if (parent == nullptr || other_parent == nullptr) {
    return;
  }
  NoteChange(*parent);
  NoteChange(*other_parent);
  Node* const known = Get(key);
  Node* const other_known = Get(other_key);
  Node* const node = known == nullptr ? ChildOf(*parent, name) : known;
  Node* const other = other_known == nullptr ? ChildOf(*other_parent, other_name) : other_known;
  if (node == other) {
    return;
  }
  TakeName(node, *parent, name);
  TakeName(other, *other_parent, other_name);
  if (node != nullptr) {
    Link(*node, *other_parent, other_name);
  }
  if (other != nullptr) {
    Link(*other, *parent, name);
  }
  Sweep(Get(parent_key));
  Sweep(Get(other_parent_key));
}

void NodeTree::TakeName(Node* node, Node& parent, std::u16string_view name) {
  if (node != nullptr && ChildOf(parent, name) == node) {
    RemoveName(*node, parent, name);
  }
}

void NodeTree::NoteChange(Node& parent) {
  parent.names_changed = ++changes_;
}

bool NodeTree::IsOutdated(const Node& parent, uint64_t as_of) const {
  if (parent.names_changed > as_of) {
    return true;
  }
  // Whoever was asked went by a path.
  const Node* at = &parent;
  while (at->moved <= as_of && at->place) {
    at = nodes_[at->place->parent].get();
  }
  return at->moved > as_of;
}

NodeTree::Node& NodeTree::Add(Node& parent, std::u16string_view name) {
  uint32_t id = static_cast<uint32_t>(nodes_.size());
  if (free_.empty()) {
    nodes_.emplace_back();
  } else {
    generation_ += 1;
    id = free_.back();
    free_.pop_back();
  }
  nodes_[id] = std::make_unique<Node>();
  Node& node = *nodes_[id];
  node.key = {id, generation_};
  node.place = Name{parent.key.id, std::u16string(name)};
  size_ += 1;
  parent.children.emplace(name, id);
  return node;
}

void NodeTree::Drop(Node& parent, std::u16string_view name) {
  NoteChange(parent);
  Node* const node = ChildOf(parent, name);
  if (node != nullptr) {
    RemoveName(*node, parent, name);
    Sweep(node);
  }
}

void NodeTree::RemoveName(Node& node, Node& parent, std::u16string_view name) {
  if (const auto found = parent.children.find(name); found != parent.children.end()) {
    parent.children.erase(found);
  }
  const Name gone = {parent.key.id, std::u16string(name)};
  if (!node.place || *node.place != gone) {
    std::erase(node.other_places, gone);
    return;
  }
  if (!node.other_places.empty()) {
    node.place = std::move(node.other_places.front());
    node.other_places.erase(node.other_places.begin());
    epoch_ += 1;
    return;
  }
  node.last_path = PathOf(node);
  node.place.reset();
  // The number may be given to another file from now on.
  if (node.unseen_names == 0) {
    LoseInode(node);
  }
}

void NodeTree::LoseInode(Node& node) {
  const auto found = by_inode_.find(node.inode);
  if (node.inode.known() && found != by_inode_.end() && found->second == node.key.id) {
    by_inode_.erase(found);
  }
}

void NodeTree::Sweep(Node* node) {
  while (node != nullptr && node->key != kRoot && node->lookups == 0 && node->opens.empty() &&
         node->children.empty()) {
    std::vector<NodeKey> parents;
    // Taking one name away makes the next one its place.
    while (node->place) {
      Node& parent = *nodes_[node->place->parent];
      parents.push_back(parent.key);
      RemoveName(*node, parent, std::u16string(node->place->name));
    }
    LoseInode(*node);
    const uint32_t id = node->key.id;
    nodes_[id].reset();
    free_.push_back(id);
    size_ -= 1;
    for (size_t index = 1; index < parents.size(); ++index) {
      Sweep(Get(parents[index]));
    }
    node = parents.empty() ? nullptr : Get(parents.front());
  }
}

}  // namespace dokan
