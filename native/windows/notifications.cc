#include "notifications.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "common/thread.h"

namespace dokan {

struct Notifications::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Notification> queue;
  std::shared_ptr<DokanLibrary> library;
  abi::Handle handle = nullptr;  // Null: not mounted, or stopping.
  bool running = false;
};

namespace {

void Send(const DokanLibrary& library, abi::Handle handle,
          const Notifications::Notification& notification) {
  const wchar_t* const path = notification.path.c_str();
  const BOOL is_directory = notification.is_directory ? TRUE : FALSE;
  switch (notification.action) {
    case Notifications::Action::kCreate:
      library.notify_create(handle, path, is_directory);
      break;
    case Notifications::Action::kDelete:
      library.notify_delete(handle, path, is_directory);
      break;
    case Notifications::Action::kUpdate:
      library.notify_update(handle, path);
      break;
    case Notifications::Action::kXAttrUpdate:
      library.notify_x_attr_update(handle, path);
      break;
    case Notifications::Action::kRename:
      library.notify_rename(handle, path, notification.new_path.c_str(), is_directory,
                            notification.same_directory ? TRUE : FALSE);
      break;
  }
}

}  // namespace

Notifications::Notifications() : shared_(std::make_shared<Shared>()) {}

void Notifications::Start(std::shared_ptr<DokanLibrary> library, abi::Handle handle) {
  const std::lock_guard lock(shared_->mutex);
  shared_->library = std::move(library);
  shared_->handle = handle;
}

bool Notifications::Push(Notification notification) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->handle == nullptr || shared_->queue.size() >= kMaximum) {
    return false;
  }
  shared_->queue.push_back(std::move(notification));
  if (!shared_->running) {
    shared_->running = StartThread([shared = shared_] { Run(shared); });
    if (!shared_->running) {
      shared_->queue.pop_back();
      return false;
    }
  }
  shared_->changed.notify_all();
  return true;
}

void Notifications::Run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->handle == nullptr || !shared->queue.empty(); });
    if (shared->handle == nullptr) {
      break;
    }
    const Notification notification = std::move(shared->queue.front());
    shared->queue.pop_front();
    const abi::Handle handle = shared->handle;
    lock.unlock();
    Send(*shared->library, handle, notification);
    lock.lock();
  }
  shared->running = false;
  shared->changed.notify_all();
}

void Notifications::Stop() {
  std::unique_lock lock(shared_->mutex);
  shared_->handle = nullptr;
  shared_->queue.clear();
  shared_->changed.notify_all();
  shared_->changed.wait(lock, [this] { return !shared_->running; });
}

}  // namespace dokan
