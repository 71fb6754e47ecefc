#include "serving_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "device_io.h"

namespace dokan {
namespace {

// Waking a thread costs more than a request does, but each that looks for one takes a core.
constexpr int kMostSpinning = 1;

template <typename Number>
Number FieldAt(std::span<const uint8_t> request, size_t offset) {
  Number number = 0;
  if (request.size() >= sizeof(RequestHeader) + offset + sizeof number) {
    std::memcpy(&number, request.data() + sizeof(RequestHeader) + offset, sizeof number);
  }
  return number;
}

// Answers in the place of a thread that is gone: its opens are gone with it.
void AnswerForLost(const std::shared_ptr<ClonedDevice>& device, Opcode opcode, uint64_t unique) {
  if (!IsAnswered(opcode)) {
    return;
  }
  // Closing always succeeds, as it does where the kernel has learned that nobody flushes.
  const bool closes = IsRelease(opcode) || opcode == Opcode::kFlush;
  const ReplyHeader reply = {sizeof reply, closes ? 0 : -EIO, unique};
  SendReply(device->fd(), {reinterpret_cast<const uint8_t*>(&reply), sizeof reply});
}

// What an open with these flags is good for.
uint32_t WaysOf(uint32_t flags) {
  const uint32_t mode = flags & O_ACCMODE;
  return (mode == O_WRONLY ? 0 : NodeStore::kReads) | (mode == O_RDONLY ? 0 : NodeStore::kWrites);
}

int64_t MonotonicMicroseconds() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1'000'000) + now.tv_nsec / 1000;
}

}  // namespace

ServingThread::ServingThread(std::shared_ptr<ServingGroup> group, uint32_t number, Device device,
                             FileDescriptor signal)
    : group_(std::move(group)),
      number_(number),
      device_(std::move(device)),
      signal_(std::move(signal)) {}

int64_t ServingThread::Receive(std::span<uint8_t> buffer, int64_t spin_microseconds) {
  int64_t deadline = 0;
  bool spinning = false;
  int64_t result = 0;
  while (result == 0) {
    result = Take(buffer);
    if (result != 0) {
      break;
    }
    taking_.store(true);
    const int64_t length = ReceiveRequest(device_->fd(), buffer, 0);
    const bool is_request = length >= static_cast<int64_t>(sizeof(RequestHeader));
    if (is_request && IsOwn(buffer.first(static_cast<size_t>(length)))) {
      result = length;
    }
    taking_.store(false);
    // Nothing is read from a device that was let go.
    if (length == 0) {
      result = -ECONNABORTED;
    } else if (length < 0 && length != -EAGAIN) {
      result = length;
    }
    if (result != 0 || is_request) {
      continue;
    }
    const int64_t now = spin_microseconds <= 0 ? 0 : MonotonicMicroseconds();
    if (deadline == 0) {
      deadline = now + spin_microseconds;
      spinning = spin_microseconds > 0 && group_->spinning_.fetch_add(1) < kMostSpinning;
      if (spin_microseconds > 0 && !spinning) {
        group_->spinning_.fetch_sub(1);
      }
    }
    if (!spinning || now >= deadline) {
      result = -EAGAIN;
    }
  }
  if (spinning) {
    group_->spinning_.fetch_sub(1);
  }
  return result;
}

int64_t ServingThread::Take(std::span<uint8_t> buffer) {
  if (!has_mail_.load()) {
    return 0;
  }
  Message message;
  {
    const std::lock_guard lock(mutex_);
    if (closed_.load()) {
      return -ECONNABORTED;
    }
    if (!mail_.empty()) {
      if (mail_.front().request.size() > buffer.size()) {
        return -EINVAL;
      }
      message = std::move(mail_.front());
      mail_.pop_front();
      const RequestHeader header = HeaderOf(message.request);
      if (IsAnswered(OpcodeOf(header))) {
        outstanding_[header.unique] = {OpcodeOf(header), std::move(message.origin)};
      }
    }
    if (mail_.empty()) {
      eventfd_t value = 0;
      ::eventfd_read(signal_.get(), &value);
      has_mail_.store(false);
    }
  }
  if (!message.request.empty()) {
    std::memcpy(buffer.data(), message.request.data(), message.request.size());
    PostInterruption(HeaderOf(message.request).unique);
  }
  return static_cast<int64_t>(message.request.size());
}

bool ServingThread::IsOwn(std::span<const uint8_t> request) {
  const RequestHeader header = HeaderOf(request);
  const Opcode opcode = OpcodeOf(header);
  if (opcode == Opcode::kForget || opcode == Opcode::kBatchForget) {
    // At once: the kernel says it only once, and the JavaScript thread may end before it hears of
    // it.
    Forget(request, header);
    return false;
  }
  if (opcode == Opcode::kInterrupt) {
    if (Has(FieldAt<uint64_t>(request, 0))) {
      return true;
    }
    HandOnInterruption(request);
    return false;
  }
  const uint32_t owner = OwnerOf(request, header);
  if (owner != 0 && owner != number_) {
    const std::shared_ptr<ServingThread> other = group_->ThreadOf(owner);
    if (other == nullptr || !other->Post(request, device_)) {
      AnswerForGone(device_, opcode, header.unique);
    }
    return false;
  }
  if (IsAnswered(opcode)) {
    Remember(header, device_);
  }
  return true;
}

void ServingThread::Forget(std::span<const uint8_t> request, const RequestHeader& header) {
  NodeStore& nodes = *group_->nodes();
  if (OpcodeOf(header) == Opcode::kForget) {
    nodes.Forget(header.node, FieldAt<uint64_t>(request, 0));
    return;
  }
  constexpr size_t kItems = 8;
  constexpr size_t kItemSize = 16;
  // Of what is not there the count is 0.
  const auto count = FieldAt<uint32_t>(request, 0);
  for (size_t index = 0; index < count; ++index) {
    const size_t at = kItems + index * kItemSize;
    if (sizeof(RequestHeader) + at + kItemSize > request.size()) {
      return;
    }
    nodes.Forget(FieldAt<uint64_t>(request, at), FieldAt<uint64_t>(request, at + 8));
  }
}

void ServingThread::HandOnInterruption(std::span<const uint8_t> message) {
  const auto unique = FieldAt<uint64_t>(message, 0);
  // First, so that a request that is being remembered now is either seen or finds it.
  group_->KeepInterruption(unique, message);
  for (const auto& thread : group_->Threads()) {
    if (thread->Has(unique)) {
      const std::vector<uint8_t> kept = group_->TakeInterruption(unique);
      if (!kept.empty()) {
        thread->Post(kept, nullptr);
      }
      return;
    }
  }
}

void ServingThread::Remember(const RequestHeader& header, Device origin) {
  {
    const std::lock_guard lock(mutex_);
    outstanding_[header.unique] = {OpcodeOf(header), std::move(origin)};
  }
  PostInterruption(header.unique);
}

// An interruption of a request that has just been remembered.
void ServingThread::PostInterruption(uint64_t unique) {
  if (group_->early_count_.load() == 0) {
    return;
  }
  const std::vector<uint8_t> message = group_->TakeInterruption(unique);
  if (!message.empty()) {
    Post(message, nullptr);
  }
}

uint32_t ServingThread::OwnerOf(std::span<const uint8_t> request,
                                const RequestHeader& header) const {
  constexpr uint64_t kThreadMask = ServingGroup::kMostThreads;
  constexpr uint32_t kGetAttributesHandle = 1U << 0;
  constexpr uint32_t kSetSize = 1U << 3;
  constexpr uint32_t kSetAttributesHandle = 1U << 6;
  const bool stateless = group_->stateless();
  bool names_handle = false;
  size_t handle_offset = 0;
  // What an open of an unlinked file must be good for.
  uint32_t ways = 0;
  switch (OpcodeOf(header)) {
    case Opcode::kReadDirectory:
    case Opcode::kReadDirectoryPlus:
    case Opcode::kReleaseDirectory:
    case Opcode::kSyncDirectory:
      return static_cast<uint32_t>(FieldAt<uint64_t>(request, 0) & kThreadMask);
    case Opcode::kRead:
    case Opcode::kWrite:
    case Opcode::kRelease:
    case Opcode::kSync:
    case Opcode::kFlush:
    case Opcode::kAllocate:
    case Opcode::kSeek:
      names_handle = true;
      break;
    case Opcode::kGetAttributes:
    case Opcode::kStatx:
      names_handle = (FieldAt<uint32_t>(request, 0) & kGetAttributesHandle) != 0;
      handle_offset = 8;
      break;
    case Opcode::kSetAttributes:
      names_handle = (FieldAt<uint32_t>(request, 0) & kSetAttributesHandle) != 0;
      handle_offset = 8;
      ways = (FieldAt<uint32_t>(request, 0) & kSetSize) != 0 ? NodeStore::kWrites : 0;
      break;
    case Opcode::kOpen:
      ways = WaysOf(FieldAt<uint32_t>(request, 0));
      break;
    case Opcode::kAccess:
      break;
    default:
      return 0;
  }
  if (names_handle) {
    return stateless
               ? 0
               : static_cast<uint32_t>(FieldAt<uint64_t>(request, handle_offset) & kThreadMask);
  }
  return header.node > UINT32_MAX
             ? 0
             : group_->nodes()->OtherOpener(static_cast<uint32_t>(header.node), number_, ways);
}

bool ServingThread::Post(std::span<const uint8_t> request, Device origin) {
  const std::lock_guard lock(mutex_);
  if (left_) {
    return false;
  }
  mail_.push_back({{request.begin(), request.end()}, std::move(origin)});
  has_mail_.store(true);
  ::eventfd_write(signal_.get(), 1);
  return true;
}

int64_t ServingThread::Send(std::span<const uint8_t> head, std::span<const uint8_t> body) {
  if (head.size() < sizeof(ReplyHeader)) {
    return -EINVAL;
  }
  ReplyHeader header = {};
  std::memcpy(&header, head.data(), sizeof header);
  Outstanding request;
  {
    const std::lock_guard lock(mutex_);
    const auto found = outstanding_.find(header.unique);
    if (found == outstanding_.end()) {
      return -ENOENT;
    }
    request = std::move(found->second);
    outstanding_.erase(found);
  }
  const int64_t sent = SendReply(request.origin->fd(), head, body);
  if (sent == 0) {
    untold_->Told(request.opcode, head);
  }
  return sent;
}

void ServingThread::Leave() {
  std::deque<Message> mail;
  std::unordered_map<uint64_t, Outstanding> outstanding;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(left_, true)) {
      return;
    }
    mail.swap(mail_);
    outstanding.swap(outstanding_);
  }
  group_->Leave(number_);
  untold_->TakeBack(*group_->nodes());
  for (const auto& [unique, request] : outstanding) {
    AnswerForGone(request.origin, request.opcode, unique);
  }
  for (const auto& message : mail) {
    const RequestHeader header = HeaderOf(message.request);
    if (message.origin != nullptr) {
      AnswerForGone(message.origin, OpcodeOf(header), header.unique);
    }
  }
}

void ServingThread::AnswerForGone(const Device& origin, Opcode opcode, uint64_t unique) const {
  // When the volume has ended the kernel says so itself; some descriptors may be open yet.
  if (!group_->IsClosed()) {
    AnswerForLost(origin, opcode, unique);
  }
}

void ServingThread::Close() {
  device_->Retire();
  const std::lock_guard lock(mutex_);
  closed_.store(true);
  has_mail_.store(true);
  ::eventfd_write(signal_.get(), 1);
}

bool ServingThread::Has(uint64_t unique) const {
  const std::lock_guard lock(mutex_);
  return outstanding_.contains(unique);
}

void ServingThread::AwaitTaken() const {
  // What is being read this moment is remembered the next.
  while (taking_.load()) {
    std::this_thread::yield();
  }
}

bool ServingThread::HasRequest(const std::function<bool(Opcode)>& wanted) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(outstanding_.begin(), outstanding_.end(),
                     [&](const auto& request) { return wanted(request.second.opcode); }) ||
         std::any_of(mail_.begin(), mail_.end(), [&](const Message& message) {
           const Opcode opcode = OpcodeOf(HeaderOf(message.request));
           return IsAnswered(opcode) && wanted(opcode);
         });
}

}  // namespace dokan
