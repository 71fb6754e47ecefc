#include "close_watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/thread.h"

namespace dokan {
namespace {

// How long Stop may have to wait for the polling thread.
constexpr DWORD kPollMilliseconds = 100;

}  // namespace

struct CloseWatch::Poll {
  std::shared_ptr<DokanLibrary> library;
  abi::Handle handle = nullptr;
  std::function<void()> closed;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  bool ended = false;
};

void CloseWatch::Start(std::shared_ptr<DokanLibrary> library, abi::Handle handle,
                       std::function<void()> closed) {
  library_ = std::move(library);
  closed_ = std::move(closed);
  if (library_->register_wait != nullptr &&
      library_->register_wait(
          handle, &wait_, [](PVOID self, BOOLEAN) { static_cast<CloseWatch*>(self)->closed_(); },
          this, INFINITE)) {
    return;
  }
  wait_ = nullptr;
  auto poll = std::make_shared<Poll>();
  poll->library = library_;
  poll->handle = handle;
  poll->closed = closed_;
  // Without a thread, the volume does without: `close` still works.
  if (StartThread([poll] { Run(poll); })) {
    poll_ = std::move(poll);
  }
}

void CloseWatch::Run(const std::shared_ptr<Poll>& poll) {
  std::unique_lock lock(poll->mutex);
  while (!poll->stopping) {
    lock.unlock();
    const DWORD result =
        poll->library->wait_for_file_system_closed(poll->handle, kPollMilliseconds);
    if (result == WAIT_OBJECT_0) {
      poll->closed();
    }
    lock.lock();
    if (result != WAIT_TIMEOUT) {
      break;
    }
  }
  poll->ended = true;
  poll->changed.notify_all();
}

void CloseWatch::Stop() {
  if (wait_ != nullptr) {
    library_->unregister_wait(std::exchange(wait_, nullptr), TRUE);
  }
  if (poll_) {
    std::unique_lock lock(poll_->mutex);
    poll_->stopping = true;
    poll_->changed.wait(lock, [this] { return poll_->ended; });
  }
  poll_.reset();
}

}  // namespace dokan
