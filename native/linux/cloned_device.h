#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "file_descriptor.h"

namespace dokan {

// One more descriptor of a FUSE connection. All of them share the queue of requests; a reply goes
// to the one its request was read from. Any thread may write to it; one reads.
class ClonedDevice {
 public:
  // Clones an open device. Returns nullptr and a positive errno in `error`.
  static std::shared_ptr<ClonedDevice> Open(int device, int* error);

  ~ClonedDevice() = default;
  ClonedDevice(const ClonedDevice&) = delete;
  ClonedDevice& operator=(const ClonedDevice&) = delete;

  int fd() const { return fd_.get(); }

  // Lets go of the connection while other threads may be using the descriptor: that stays ours, and
  // reads nothing from now on, so that nobody else's file gets its number meanwhile.
  void Retire();

 private:
  explicit ClonedDevice(FileDescriptor fd) : fd_(std::move(fd)) {}

  const FileDescriptor fd_;
};

}  // namespace dokan
