#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "cloned_device.h"
#include "file_descriptor.h"
#include "request_header.h"
#include "serving_group.h"
#include "untold_nodes.h"

namespace dokan {

// One of the threads that serve a volume: its descriptor, its requests that are not answered yet,
// and what the others hand on to it.
class ServingThread {
 public:
  ServingThread(std::shared_ptr<ServingGroup> group, uint32_t number,
                std::shared_ptr<ClonedDevice> device, FileDescriptor signal);
  ~ServingThread() = default;
  ServingThread(const ServingThread&) = delete;
  ServingThread& operator=(const ServingThread&) = delete;

  uint32_t number() const { return number_; }
  const std::shared_ptr<ServingGroup>& group() const { return group_; }
  // The thread itself.
  const std::shared_ptr<UntoldNodes>& untold() const { return untold_; }
  int device() const { return device_->fd(); }
  // Readable while there is something from other threads.
  int signal() const { return signal_.get(); }

  // The thread itself: the next request that is its own; its length, or -errno.
  int64_t Receive(std::span<uint8_t> buffer, int64_t spin_microseconds);
  // The thread itself: the reply to a request of its own, its headers whole in `head`.
  int64_t Send(std::span<const uint8_t> head, std::span<const uint8_t> body);

  // The thread ends, or the volume has: who waits for it gets EIO at once.
  void Leave();
  void Close();

  bool Has(uint64_t unique) const;
  // Waits until what it is reading this moment is remembered.
  void AwaitTaken() const;
  bool HasRequest(const std::function<bool(Opcode)>& wanted) const;

 private:
  using Device = std::shared_ptr<ClonedDevice>;
  struct Message {
    std::vector<uint8_t> request;
    Device origin;
  };
  struct Outstanding {
    Opcode opcode;
    Device origin;
  };

  int64_t Take(std::span<uint8_t> buffer);
  // Answers in the place of a thread that is gone.
  void AnswerForGone(const Device& origin, Opcode opcode, uint64_t unique) const;
  // False: it is for another thread, and has been handed on; or it is done.
  bool IsOwn(std::span<const uint8_t> request);
  void Forget(std::span<const uint8_t> request, const RequestHeader& header);
  void HandOnInterruption(std::span<const uint8_t> message);
  // Whose request it is; 0 for anybody's.
  uint32_t OwnerOf(std::span<const uint8_t> request, const RequestHeader& header) const;
  bool Post(std::span<const uint8_t> request, Device origin);
  void Remember(const RequestHeader& header, Device origin);
  void PostInterruption(uint64_t unique);

  const std::shared_ptr<ServingGroup> group_;
  const uint32_t number_;
  const Device device_;
  const FileDescriptor signal_;
  const std::shared_ptr<UntoldNodes> untold_ = std::make_shared<UntoldNodes>();
  // Between reading a request and remembering it.
  std::atomic<bool> taking_ = false;
  std::atomic<bool> has_mail_ = false;
  std::atomic<bool> closed_ = false;
  mutable std::mutex mutex_;
  std::deque<Message> mail_;
  std::unordered_map<uint64_t, Outstanding> outstanding_;
  bool left_ = false;
};

}  // namespace dokan
