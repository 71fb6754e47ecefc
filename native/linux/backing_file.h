#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "file_descriptor.h"

namespace dokan {

// A real file that holds the data of an open: a duplicate of the file system's descriptor, so that
// a number which it closes meanwhile is never another file's. Any thread.
class BackingFile {
 public:
  // Where a write lands.
  enum class Place {
    kOffset,
    kEnd,     // At the end of the file, wherever that is by now (O_APPEND).
    kInside,  // What is beyond the end of the file is dropped: pages are whole, files need not be.
  };

  // Whether a descriptor can back an open with those flags of open(2): 0, or -EBADF (it is not
  // open), -EISDIR, -EINVAL (no regular file), -EACCES (not open for what the open may do, or with
  // O_APPEND or O_DIRECT, which would not let data go where they belong).
  static int Check(int fd, int open_flags);

  // Null, and -errno in `error`, when the process has no descriptor left. `extends`: what comes
  // from the page cache may make the file longer, because the kernel's size is the true one.
  static std::shared_ptr<BackingFile> Duplicate(int fd, bool extends, int* error);

  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  // Writing to it waits for nobody but a disk of this machine.
  bool local() const { return local_; }
  Place PlaceOf(uint32_t transfer_flags, uint32_t open_flags) const;

  // Reads on from `*done`, until the buffer is full or the file ends. 0 or -errno. Without `wait`
  // also -EAGAIN, when going on would wait for a disk.
  int Read(std::span<uint8_t> buffer, int64_t offset, bool wait, size_t* done) const;

  // How much was written, or -errno when nothing was.
  int64_t Write(std::span<const uint8_t> data, int64_t offset, Place place) const;

 private:
  BackingFile(FileDescriptor fd, int status_flags, bool extends);

  int64_t WriteInside(std::span<const uint8_t> data, int64_t offset) const;
  int64_t WriteAtEnd(std::span<const uint8_t> data) const;

  const FileDescriptor fd_;
  const bool readable_;
  const bool writable_;
  const bool local_;
  const bool extends_;
};

}  // namespace dokan
