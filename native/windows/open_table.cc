#include "open_table.h"

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace dokan {

void OpenTable::Add(uint64_t context, std::shared_ptr<KnownOpen> open) {
  const std::lock_guard lock(lock_);
  opens_[context] = std::move(open);
  count_.store(opens_.size());
}

std::shared_ptr<KnownOpen> OpenTable::Find(uint64_t context) {
  if (count_.load() == 0) {
    return nullptr;
  }
  const std::shared_lock lock(lock_);
  const auto found = opens_.find(context);
  return found == opens_.end() ? nullptr : found->second;
}

void OpenTable::Remove(uint64_t context) {
  if (count_.load() == 0) {
    return;
  }
  std::shared_ptr<KnownOpen> open;  // Its handle is closed after the lock.
  const std::lock_guard lock(lock_);
  const auto found = opens_.find(context);
  if (found != opens_.end()) {
    open = std::move(found->second);
    opens_.erase(found);
    count_.store(opens_.size());
  }
}

void OpenTable::Clear() {
  std::unordered_map<uint64_t, std::shared_ptr<KnownOpen>> opens;
  const std::lock_guard lock(lock_);
  opens.swap(opens_);
  count_.store(0);
}

}  // namespace dokan
