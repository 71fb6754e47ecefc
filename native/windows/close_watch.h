#pragma once

#include <windows.h>

#include <functional>
#include <memory>

#include "dokan_library.h"

namespace dokan {

// Learns that Dokan has closed a file system, whoever unmounted it. Calls `closed` once, on a
// thread of the system's pool or of its own.
class CloseWatch {
 public:
  CloseWatch() = default;
  ~CloseWatch() = default;
  CloseWatch(const CloseWatch&) = delete;
  CloseWatch& operator=(const CloseWatch&) = delete;

  void Start(std::shared_ptr<DokanLibrary> library, abi::Handle handle,
             std::function<void()> closed);
  // Afterwards `closed` is not called any more, and the handle not used. Before DokanCloseHandle.
  void Stop();

 private:
  struct Poll;
  static void Run(const std::shared_ptr<Poll>& poll);

  std::shared_ptr<DokanLibrary> library_;
  std::function<void()> closed_;
  HANDLE wait_ = nullptr;
  std::shared_ptr<Poll> poll_;  // For a library that cannot call back.
};

}  // namespace dokan
