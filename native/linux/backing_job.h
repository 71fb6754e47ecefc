#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "backing_file.h"
#include "fuse_messages.h"
#include "transfer_buffer.h"

namespace dokan {

// A READ or WRITE of a real file, on its way to being answered.
struct BackingJob {
  uint64_t unique = 0;
  bool writes = false;
  TransferRequest request = {};
  std::shared_ptr<BackingFile> file;
  // The data to write, or room for what is read.
  TransferBuffer buffer;
  // Of a READ: bytes that are in the buffer already.
  size_t done = 0;

  // A READ: 0 or -errno; without `wait` also -EAGAIN, and it can be called again.
  int Read(bool wait);
  // A WRITE: bytes written or -errno.
  int64_t Write() const;

  // Answer the request with what the above returned: 0 or -errno of the device.
  int64_t ReplyRead(int device, int result) const;
  int64_t ReplyWrite(int device, int64_t result) const;
};

}  // namespace dokan
