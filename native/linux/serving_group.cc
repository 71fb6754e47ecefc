#include "serving_group.h"

#include <errno.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "serving_thread.h"

namespace dokan {
namespace {

// Interruptions whose request nobody has: nearly all of them are of requests just answered.
constexpr size_t kMostEarly = 64;

struct Groups {
  std::mutex mutex;
  std::map<uint32_t, std::weak_ptr<ServingGroup>> by_id;
  uint32_t last_id = 0;
};

Groups& AllGroups() {
  static auto* const groups = new Groups;
  return *groups;
}

}  // namespace

std::shared_ptr<ServingGroup> ServingGroup::Create(Clone clone, bool stateless) {
  std::shared_ptr<ServingGroup> group(new ServingGroup(std::move(clone), stateless));
  Groups& groups = AllGroups();
  const std::lock_guard lock(groups.mutex);
  group->id_ = ++groups.last_id;
  groups.by_id.emplace(group->id_, group);
  return group;
}

std::shared_ptr<ServingGroup> ServingGroup::Find(uint32_t id) {
  Groups& groups = AllGroups();
  const std::lock_guard lock(groups.mutex);
  const auto found = groups.by_id.find(id);
  return found == groups.by_id.end() ? nullptr : found->second.lock();
}

ServingGroup::ServingGroup(Clone clone, bool stateless)
    : clone_(std::move(clone)), stateless_(stateless) {}

ServingGroup::~ServingGroup() {
  Groups& groups = AllGroups();
  const std::lock_guard lock(groups.mutex);
  groups.by_id.erase(id_);
}

std::shared_ptr<ServingThread> ServingGroup::Join(int* error) {
  FileDescriptor signal(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!signal.valid()) {
    *error = errno;
    return nullptr;
  }
  const std::shared_ptr<ClonedDevice> device = clone_(error);
  if (device == nullptr) {
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  if (closed_ || last_number_ == kMostThreads) {
    *error = closed_ ? ENODEV : EAGAIN;
    return nullptr;
  }
  const uint32_t number = ++last_number_;
  auto thread =
      std::make_shared<ServingThread>(shared_from_this(), number, device, std::move(signal));
  threads_.emplace(number, thread);
  return thread;
}

void ServingGroup::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  for (const auto& thread : Threads()) {
    thread->Close();
  }
}

bool ServingGroup::IsClosed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

// All of them first: what one has taken for another is the other's after that.
std::vector<std::shared_ptr<ServingThread>> ServingGroup::SettledThreads() const {
  auto threads = Threads();
  for (const auto& thread : threads) {
    thread->AwaitTaken();
  }
  return threads;
}

bool ServingGroup::IsWaitedFor() const {
  const auto threads = SettledThreads();
  return std::any_of(threads.begin(), threads.end(), [](const auto& thread) {
    return thread->HasRequest([](Opcode opcode) { return !IsRelease(opcode); });
  });
}

bool ServingGroup::IsWriting() const {
  const auto threads = SettledThreads();
  return std::any_of(threads.begin(), threads.end(), [](const auto& thread) {
    return thread->HasRequest([](Opcode opcode) { return opcode == Opcode::kWrite; });
  });
}

std::vector<std::shared_ptr<ServingThread>> ServingGroup::Threads() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ServingThread>> threads;
  for (const auto& [number, thread] : threads_) {
    threads.push_back(thread);
  }
  return threads;
}

std::shared_ptr<ServingThread> ServingGroup::ThreadOf(uint32_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = threads_.find(number);
  return found == threads_.end() ? nullptr : found->second;
}

void ServingGroup::Leave(uint32_t number) {
  {
    const std::lock_guard lock(mutex_);
    threads_.erase(number);
  }
  nodes_->RemoveOpensOf(number);
}

void ServingGroup::KeepInterruption(uint64_t unique, std::span<const uint8_t> message) {
  const std::lock_guard lock(early_mutex_);
  if (early_.size() == kMostEarly) {
    early_.pop_front();
  }
  early_.emplace_back(unique, std::vector<uint8_t>(message.begin(), message.end()));
  early_count_.store(early_.size());
}

std::vector<uint8_t> ServingGroup::TakeInterruption(uint64_t unique) {
  const std::lock_guard lock(early_mutex_);
  const auto found = std::find_if(early_.begin(), early_.end(),
                                  [unique](const auto& early) { return early.first == unique; });
  if (found == early_.end()) {
    return {};
  }
  std::vector<uint8_t> message = std::move(found->second);
  early_.erase(found);
  early_count_.store(early_.size());
  return message;
}

}  // namespace dokan
