#include "connection_registry.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace dokan {
namespace {

constexpr std::chrono::seconds kMountLimit{2};

}  // namespace

ConnectionRegistry& ConnectionRegistry::Get() {
  static auto* const registry = new ConnectionRegistry;
  return *registry;
}

ConnectionRegistry::ConnectionRegistry() : process_(::getpid()) {
  std::atexit([] { Get().AtExit(); });
}

void ConnectionRegistry::BeginMount() {
  const std::lock_guard lock(mutex_);
  ++mounting_;
}

bool ConnectionRegistry::EndMount(const std::shared_ptr<FuseConnection>& connection) {
  std::unique_lock lock(mutex_);
  const bool exiting = exiting_;
  if (connection && exiting) {
    lock.unlock();
    TearDown({connection});
    lock.lock();
  } else if (connection) {
    connections_.push_back(connection);
  }
  --mounting_;
  changed_.notify_all();
  return !exiting;
}

void ConnectionRegistry::Remove(const std::shared_ptr<FuseConnection>& connection) {
  const std::lock_guard lock(mutex_);
  std::erase(connections_, connection);
}

// The thread that called exit(). Node has stopped and joined its Workers by then.
void ConnectionRegistry::AtExit() {
  if (::getpid() != process_) {
    return;  // A forked copy: the mounts are the parent's.
  }
  std::vector<std::shared_ptr<FuseConnection>> connections;
  {
    const std::lock_guard lock(mutex_);
    exiting_ = true;
    connections = std::exchange(connections_, {});
  }
  TearDown(std::move(connections));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kMountLimit, [this] { return mounting_ == 0; });
}

}  // namespace dokan
