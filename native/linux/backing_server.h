#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backing_file.h"
#include "backing_job.h"
#include "backing_pool.h"

namespace dokan {

// Answers reads and writes of opens that are backed by real files, below JavaScript: at once where
// nothing has to be waited for, else by threads. Serving thread only, but for Stop and outstanding.
class BackingServer {
 public:
  explicit BackingServer(int device) : pool_(device) {}

  // The open with that handle is read and written in this file: 0 or -errno.
  int Add(uint64_t handle, int fd, bool extends);
  void Remove(uint64_t handle);
  void RemoveAll();

  // Whether there is any such open: requests are then to be received into Incoming.
  bool active() const { return count_ > 0; }

  // Memory for the next request, of `size` bytes.
  std::span<uint8_t> Incoming(size_t size);

  // Takes the request of `length` bytes there when it is one of these. False: it is for somebody
  // else, and still there.
  bool Serve(int device, size_t length);

  size_t outstanding() const { return pool_.outstanding(); }
  // The device is about to be closed.
  void Stop() { pool_.Stop(); }

 private:
  bool ServeRead(int device, BackingJob& job);
  bool ServeWrite(int device, BackingJob& job, size_t length);
  void HandOver(int device, BackingJob& job);

  BackingPool pool_;
  // By handle: those are small numbers, used again and again.
  std::vector<std::shared_ptr<BackingFile>> files_;
  size_t count_ = 0;
  TransferBuffer incoming_;
};

}  // namespace dokan
