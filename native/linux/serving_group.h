#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "cloned_device.h"
#include "node_store.h"

namespace dokan {

class ServingThread;

// The threads that serve one volume, and what they share. The kernel gives a request to whichever
// of them reads first, and an open belongs to the one that opened: requests about it are handed on
// to that one, unless the file system is stateless. Any thread.
class ServingGroup : public std::enable_shared_from_this<ServingGroup> {
 public:
  // Handles are numbers whose low bits say whose they are.
  static constexpr uint32_t kThreadBits = 12;
  static constexpr uint32_t kMostThreads = (1U << kThreadBits) - 1;

  // Clones the volume's device: nullptr and a positive errno when that fails.
  using Clone = std::function<std::shared_ptr<ClonedDevice>(int* error)>;

  // `stateless`: any thread serves the open files of the others.
  static std::shared_ptr<ServingGroup> Create(Clone clone, bool stateless);
  static std::shared_ptr<ServingGroup> Find(uint32_t id);
  ~ServingGroup();
  ServingGroup(const ServingGroup&) = delete;
  ServingGroup& operator=(const ServingGroup&) = delete;

  uint32_t id() const { return id_; }
  bool stateless() const { return stateless_; }
  const std::shared_ptr<NodeStore>& nodes() const { return nodes_; }

  // The calling thread serves from here on.
  std::shared_ptr<ServingThread> Join(int* error);
  // The volume has ended: nobody reads any more, and everybody is woken to see it.
  void Close();
  bool IsClosed() const;

  // A request that nobody has answered and whose answer somebody waits for. Asked by other threads,
  // which may be outrun: true means that there was one a moment ago.
  bool IsWaitedFor() const;
  bool IsWriting() const;

 private:
  friend class ServingThread;

  ServingGroup(Clone clone, bool stateless);

  std::vector<std::shared_ptr<ServingThread>> Threads() const;
  // The same, when none is reading something this moment.
  std::vector<std::shared_ptr<ServingThread>> SettledThreads() const;
  std::shared_ptr<ServingThread> ThreadOf(uint32_t number) const;
  void Leave(uint32_t number);
  // An interruption came before its request: the thread that has that will find it here.
  void KeepInterruption(uint64_t unique, std::span<const uint8_t> message);
  std::vector<uint8_t> TakeInterruption(uint64_t unique);

  const Clone clone_;
  const bool stateless_;
  uint32_t id_ = 0;
  const std::shared_ptr<NodeStore> nodes_ = std::make_shared<NodeStore>();
  mutable std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<ServingThread>> threads_;
  uint32_t last_number_ = 0;
  bool closed_ = false;
  // Only so many threads look for requests without sleeping.
  std::atomic<int> spinning_ = 0;
  std::atomic<size_t> early_count_ = 0;
  std::mutex early_mutex_;
  std::deque<std::pair<uint64_t, std::vector<uint8_t>>> early_;
};

}  // namespace dokan
