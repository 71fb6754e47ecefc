#include "volume.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "callbacks.h"
#include "dispatch.h"
#include "environment.h"
#include "mount_table.h"
#include "nt_status.h"

namespace simulator {
namespace {

constexpr std::uint32_t kShortestTimeout = 15 * 1000;
constexpr std::uint32_t kLongestTimeout = 5 * 60 * 1000;
constexpr DWORD kTimeoutInterval = 5 * 1000;

constexpr unsigned kFewestThreads = 2;
constexpr unsigned kMostThreads = 16;

// Above 2^53 from the start: whoever takes a context for a JavaScript number notices at once.
std::atomic<std::uint64_t> next_context = (std::uint64_t{1} << 60) + 1;

std::uint32_t EffectiveTimeout(std::uint32_t wanted) {
  // 0 is "not said", not the shortest.
  return wanted == 0 ? kShortestTimeout : std::clamp(wanted, kShortestTimeout, kLongestTimeout);
}

unsigned ThreadCount(Options& options) {
  if (options.single_thread) {
    options.options &= ~static_cast<std::uint32_t>(kOptionIpcBatching);
    return 1;
  }
  DWORD_PTR mine = 0;
  DWORD_PTR system = 0;
  unsigned count = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &system) != 0) {
    // The position of the highest bit, not the number of bits: so the library counts.
    for (; mine != 0; mine >>= 1) ++count;
  }
  const std::uint64_t wanted = EnvironmentNumber("DOKAN_SIMULATOR_THREADS");
  if (wanted != 0) count = static_cast<unsigned>(wanted);
  if (count > kMostThreads) options.options |= kOptionIpcBatching;
  // With batching its thread pool grows beyond the threads that pull.
  if ((options.options & kOptionIpcBatching) != 0 && wanted == 0) return kMostThreads;
  return std::clamp(count, kFewestThreads, kMostThreads);
}

}  // namespace

Volume::Volume(std::uint64_t id, Options* options, Operations* operations, DriverView view,
               std::wstring mount_point)
    : id_(id),
      options_(options),
      operations_(operations),
      view_(std::move(view)),
      mount_point_(std::move(mount_point)),
      timeout_(EffectiveTimeout(view_.timeout)),
      closed_(CreateEventW(nullptr, TRUE, FALSE, nullptr)),
      stopping_(OpenStopEvent(id)) {}

Volume::~Volume() {
  CloseHandle(closed_);
  CloseHandle(stopping_);
}

std::wstring Volume::device_name() const {
  wchar_t name[64];
  std::swprintf(name, std::size(name), L"\\Device\\Volume{5d0ca000-%04x-%04x-b0d0-000000000000}",
                static_cast<unsigned>(id_ & 0xffff), static_cast<unsigned>(id_ >> 16 & 0xffff));
  return name;
}

std::uint32_t Volume::session_id() const {
  constexpr std::uint32_t kEverySession = 0xffffffff;
  if ((options_->options & kOptionCurrentSession) == 0) return kEverySession;
  DWORD session = 0;
  return ProcessIdToSessionId(GetCurrentProcessId(), &session) != 0 ? session : kEverySession;
}

void Volume::Start() {
  const unsigned count = ThreadCount(*options_);
  alive_ = count;
  for (unsigned i = 0; i < count; ++i) {
    threads_.push_back(std::make_unique<Thread>([this] { Work(); }));
  }
  watch_ = std::make_unique<Thread>([this] { WatchTime(); });
}

void Volume::Stop() {
  std::deque<RequestPtr> queued;
  {
    const Lock lock(mutex_);
    if (stopped_.exchange(true)) return;
    for (Request* request = running_; request != nullptr; request = request->next) {
      request->AnswerEarly(status::kCancelled);
    }
    queued.swap(queue_);
    for (const RequestPtr& request : queued) Unlink(*request);
  }
  RemoveMount(id_);
  SetEvent(stopping_);
  work_.WakeAll();
}

void Volume::Join() {
  for (const std::unique_ptr<Thread>& thread : threads_) thread->Join();
  if (watch_) watch_->Join();
  const Lock lock(mutex_);
  for (const RequestPtr& request : abandoned_) Unlink(*request);
  abandoned_.clear();
}

bool Volume::Enqueue(RequestPtr& request) {
  {
    const Lock lock(mutex_);
    if (stopped_) return false;
    request->volume = shared_from_this();
    request->deadline = GetTickCount64() + timeout_;
    request->previous = nullptr;
    request->next = running_;
    if (running_ != nullptr) running_->previous = request.get();
    running_ = request.get();
    queue_.push_back(std::move(request));
  }
  work_.WakeOne();
  return true;
}

void Volume::Work() {
  for (;;) {
    Lock lock(mutex_);
    while (queue_.empty() && !stopped_) work_.Wait(lock);
    if (queue_.empty()) break;
    RequestPtr request = std::move(queue_.front());
    queue_.pop_front();
    lock.Release();
    Dispatch(std::move(request));
  }
  if (!unmounted_called_.exchange(true) && operations_->Unmounted != nullptr) {
    FileInfo info = {};
    info.dokan_options = options_;
    Call(Callback::kUnmounted, operations_->Unmounted, &info);
  }
  --alive_;
  // By every thread that ends, also while another one is still within Unmounted: the library
  // promises no more.
  SetEvent(closed_);
}

void Volume::WatchTime() {
  while (WaitForSingleObject(stopping_, kTimeoutInterval) == WAIT_TIMEOUT) ExpireOverdue();
  // Signalled from another process that removed the mount point, perhaps.
  Stop();
}

void Volume::ExpireOverdue() {
  const ULONGLONG now = GetTickCount64();
  const Lock lock(mutex_);
  for (Request* request = running_; request != nullptr; request = request->next) {
    if (request->deadline <= now) request->AnswerEarly(status::kInsufficientResources);
  }
}

bool Volume::Expire(std::uint64_t id) {
  const Lock lock(mutex_);
  for (Request* request = running_; request != nullptr; request = request->next) {
    if (request->id != id || request->answered) continue;
    request->AnswerEarly(status::kInsufficientResources);
    return true;
  }
  return false;
}

bool Volume::ResetTimeout(const Request* wanted, std::uint32_t milliseconds) {
  const Lock lock(mutex_);
  for (Request* request = running_; request != nullptr; request = request->next) {
    if (request != wanted) continue;
    request->deadline = GetTickCount64() + std::min(milliseconds, kLongestTimeout);
    return true;
  }
  return false;
}

bool Volume::Runs(const Request* wanted) {
  const Lock lock(mutex_);
  for (const Request* request = running_; request != nullptr; request = request->next) {
    if (request == wanted) return true;
  }
  return false;
}

void Volume::Unlink(Request& request) {
  if (request.previous != nullptr) request.previous->next = request.next;
  if (request.next != nullptr) request.next->previous = request.previous;
  if (running_ == &request) running_ = request.next;
  request.previous = nullptr;
  request.next = nullptr;
}

void Volume::Forget(Request& request) {
  const Lock lock(mutex_);
  Unlink(request);
}

void Volume::Abandon(RequestPtr request) {
  const Lock lock(mutex_);
  // The request must not keep alive the volume that keeps it.
  abandoned_.push_back(std::move(request));
}

std::shared_ptr<OpenFile> Volume::NewOpen() {
  return std::make_shared<OpenFile>(next_context.fetch_add(1));
}

void Volume::AddOpen(const std::shared_ptr<OpenFile>& open) {
  const Lock lock(mutex_);
  opens_.emplace(open->id, open);
}

std::shared_ptr<OpenFile> Volume::FindOpen(std::uint64_t context) {
  const Lock lock(mutex_);
  const auto found = opens_.find(context);
  return found == opens_.end() ? nullptr : found->second;
}

void Volume::RemoveOpen(std::uint64_t context) {
  const Lock lock(mutex_);
  opens_.erase(context);
}

std::size_t Volume::CountOpens() {
  const Lock lock(mutex_);
  return opens_.size();
}

std::size_t Volume::CountRequests() {
  const Lock lock(mutex_);
  std::size_t count = 0;
  for (const Request* request = running_; request != nullptr; request = request->next) ++count;
  return count;
}

}  // namespace simulator
