#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace dokan {

// What is being done to a thing by one thread, so that no second one begins meanwhile. Shared by
// all environments of the process; any thread.
class Claims {
 public:
  Claims() = default;
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  // Waits until nobody has it. False: somebody still has at `deadline`.
  [[nodiscard]] bool Take(const std::string& name, std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return !taken_.contains(name); })) {
      return false;
    }
    taken_.insert(name);
    return true;
  }

  void Release(const std::string& name) {
    const std::lock_guard lock(mutex_);
    taken_.erase(name);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> taken_;
};

}  // namespace dokan
