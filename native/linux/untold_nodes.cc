#include "untold_nodes.h"

#include <algorithm>
#include <cstring>

namespace dokan {
namespace {

// struct fuse_entry_out, and struct fuse_dirent up to its name.
constexpr size_t kEntrySize = 128;
constexpr size_t kRecordSize = kEntrySize + 24;
constexpr size_t kNameLengthOffset = kEntrySize + 16;

template <typename Number>
Number At(std::span<const uint8_t> bytes, size_t offset) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

bool TellsOfOne(Opcode opcode) {
  switch (opcode) {
    case Opcode::kLookup:
    case Opcode::kMakeSymbolicLink:
    case Opcode::kMakeNode:
    case Opcode::kMakeDirectory:
    case Opcode::kMakeLink:
    case Opcode::kCreate:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool UntoldNodes::Remove(NodeKey key) {
  // The last ones are taken back first, as a rule.
  const auto found = std::find(keys_.rbegin(), keys_.rend(), key);
  if (found == keys_.rend()) {
    return false;
  }
  keys_.erase(std::next(found).base());
  return true;
}

void UntoldNodes::Told(Opcode opcode, std::span<const uint8_t> reply) {
  if (keys_.empty() || At<int32_t>(reply, offsetof(ReplyHeader, error)) != 0) {
    return;
  }
  std::span<const uint8_t> body = reply.subspan(sizeof(ReplyHeader));
  size_t from = 0;
  if (TellsOfOne(opcode) && body.size() >= kEntrySize) {
    Remove(At<uint64_t>(body, 0), &from);
  } else if (opcode == Opcode::kReadDirectoryPlus) {
    while (body.size() >= kRecordSize) {
      Remove(At<uint64_t>(body, 0), &from);
      const size_t size = kRecordSize + At<uint32_t>(body, kNameLengthOffset);
      body = body.subspan(std::min(body.size(), (size + 7) / 8 * 8));
    }
  }
  std::erase(keys_, NodeKey());
}

// They were counted in the order in which they are told: `from` is where the last one was.
void UntoldNodes::Remove(uint64_t id, size_t* from) {
  for (size_t index = 0; index < keys_.size(); ++index) {
    const size_t at = (*from + index) % keys_.size();
    // 0 is what an entry without a node has, and what was found before.
    if (id != 0 && keys_[at].id == id) {
      keys_[at] = {};
      *from = at + 1;
      return;
    }
  }
}

void UntoldNodes::TakeBack(NodeStore& store) {
  for (const NodeKey& key : keys_) {
    store.Forget(key, 1);
  }
  keys_.clear();
}

}  // namespace dokan
