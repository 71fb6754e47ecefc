#include "serving_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "device_io.h"
#include "process_family.h"
#include "process_stat.h"
#include "request_header.h"

namespace dokan {
namespace {

// A thread that has not been at the device for so long, with a request there, is looked at.
constexpr int kPeriodMilliseconds = 250;
// So many looks in a row must have found it waiting before requests of other threads and of
// descendants are refused (5 s): an innocent synchronous call may take long, too.
constexpr int kFamilyLooks = 20;
// Room for the largest write with its headers: the kernel hands requests only to readers with that.
constexpr size_t kLargestRequest = (size_t{1} << 20) + (size_t{1} << 16);
// Other programs' requests that are taken in search of our own.
constexpr size_t kMostKept = 4096;

// What nobody waits for, or what would be lost: a handle that is never released, say.
bool MayRefuse(uint32_t opcode) {
  switch (opcode) {
    case 2:   // FORGET
    case 18:  // RELEASE
    case 26:  // INIT
    case 29:  // RELEASEDIR
    case 36:  // INTERRUPT
    case 38:  // DESTROY
    case 41:  // NOTIFY_REPLY
    case 42:  // BATCH_FORGET
    case 50:  // SYNCFS
      return false;
    default:
      return true;
  }
}

// Whether a thread of ours waits inside the kernel. One that computes will come back by itself.
bool IsBlocked(pid_t thread) {
  std::array<char, 64> path = {};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/stat", thread);
  const ProcessStat stat(path.data());
  const char* const state = stat.Field(0);
  return state != nullptr && (*state == 'S' || *state == 'D');
}

}  // namespace

ServingWatch::ServingWatch(int device)
    : device_(device),
      serving_thread_(static_cast<pid_t>(::syscall(SYS_gettid))),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      kept_signal_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

std::unique_ptr<ServingWatch> ServingWatch::Start(int device) {
  std::unique_ptr<ServingWatch> watch(new ServingWatch(device));
  if (!watch->stop_.valid() || !watch->kept_signal_.valid()) {
    return nullptr;
  }
  // Signals belong to Node's main thread, and a thread inherits the mask of its creator.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    watch->thread_ = std::thread([self = watch.get()] { self->Watch(); });
  } catch (const std::system_error&) {
    watch.reset();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return watch;
}

ServingWatch::~ServingWatch() {
  if (thread_.joinable()) {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
  }
}

int64_t ServingWatch::Take(std::span<uint8_t> buffer) {
  if (!signalled_.load(std::memory_order_relaxed)) {
    return 0;
  }
  const std::lock_guard lock(mutex_);
  int64_t length = 0;
  if (!kept_.empty()) {
    const std::vector<uint8_t>& request = kept_.front().request;
    if (request.size() > buffer.size()) {
      return -EINVAL;
    }
    std::memcpy(buffer.data(), request.data(), request.size());
    length = static_cast<int64_t>(request.size());
    kept_.pop_front();
    kept_count_.store(kept_.size(), std::memory_order_relaxed);
  }
  if (kept_.empty()) {
    eventfd_t value = 0;
    ::eventfd_read(kept_signal_.get(), &value);
    signalled_.store(false, std::memory_order_relaxed);
  }
  return length;
}

// The watch's own thread.
void ServingWatch::Watch() {
  uint64_t turn = turns_.load(std::memory_order_relaxed);
  // Looks in a row that found the serving thread where it was, and waiting.
  int looks = 0;
  while (true) {
    std::array<pollfd, 2> entries = {pollfd{stop_.get(), POLLIN, 0}, pollfd{device_, POLLIN, 0}};
    const bool keeping = kept_count_.load(std::memory_order_relaxed) != 0;
    if (!keeping && looks < kFamilyLooks) {
      looks = 0;
    }
    ::poll(entries.data(), entries.size(), keeping ? 0 : -1);
    // Once the connection has ended there is nothing to watch, and poll would return at once.
    const bool ended = (entries[1].revents & POLLERR) != 0;
    if (::poll(entries.data(), 1, ended ? -1 : kPeriodMilliseconds) == 1) {
      return;
    }
    const uint64_t now = turns_.load(std::memory_order_relaxed);
    if (now != turn || !IsBlocked(serving_thread_)) {
      turn = now;
      looks = 0;
    } else if (IsAsked()) {
      looks = looks < kFamilyLooks ? looks + 1 : looks;
      RefuseOwnRequests(looks == kFamilyLooks);
    }
  }
}

bool ServingWatch::IsAsked() const {
  pollfd entry = {device_, POLLIN, 0};
  return kept_count_.load(std::memory_order_relaxed) != 0 ||
         (::poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0);
}

// The watch's own thread, while the serving thread is inside a system call. Should that come back
// meanwhile, both read from the device, and nothing is lost.
void ServingWatch::RefuseOwnRequests(bool family) {
  if (family) {
    RefuseKept();
  }
  std::vector<uint8_t> buffer(kLargestRequest);
  while (kept_count_.load(std::memory_order_relaxed) < kMostKept) {
    const int64_t length = ReceiveRequest(device_, buffer, 0);
    if (length < static_cast<int64_t>(sizeof(RequestHeader))) {
      return;
    }
    const std::span<const uint8_t> request(buffer.data(), static_cast<size_t>(length));
    const RequestHeader header = HeaderOf(request);
    const auto thread = static_cast<pid_t>(header.process);
    const bool ours = thread == serving_thread_ || (family && IsOfThisFamily(thread));
    if (!ours || !MayRefuse(header.opcode)) {
      Keep(request, family || !MayRefuse(header.opcode));
      continue;
    }
    Refuse(request);
    if (thread == serving_thread_) {
      return;
    }
    // Without a request to take, the serving thread would not tell us that it is back.
    Signal();
  }
}

// Those that were kept before the serving thread had been waiting for long.
void ServingWatch::RefuseKept() {
  const std::lock_guard lock(mutex_);
  const auto refused = std::erase_if(kept_, [this](Kept& kept) {
    const RequestHeader header = HeaderOf(kept.request);
    kept.foreign = kept.foreign || !MayRefuse(header.opcode) ||
                   !IsOfThisFamily(static_cast<pid_t>(header.process));
    if (!kept.foreign) {
      Refuse(kept.request);
    }
    return !kept.foreign;
  });
  // It stays signalled, also when nothing is left.
  kept_count_.fetch_sub(refused, std::memory_order_relaxed);
}

void ServingWatch::Refuse(std::span<const uint8_t> request) {
  const ReplyHeader reply = {sizeof reply, -EDEADLK, HeaderOf(request).unique};
  SendReply(device_, {reinterpret_cast<const uint8_t*>(&reply), sizeof reply});
}

void ServingWatch::Keep(std::span<const uint8_t> request, bool foreign) {
  const std::lock_guard lock(mutex_);
  kept_.push_back({{request.begin(), request.end()}, foreign});
  kept_count_.store(kept_.size(), std::memory_order_relaxed);
  signalled_.store(true, std::memory_order_relaxed);
  ::eventfd_write(kept_signal_.get(), 1);
}

void ServingWatch::Signal() {
  const std::lock_guard lock(mutex_);
  signalled_.store(true, std::memory_order_relaxed);
  ::eventfd_write(kept_signal_.get(), 1);
}

}  // namespace dokan
