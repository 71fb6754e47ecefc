#include "backing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "fuse_messages.h"
#include "storage.h"

namespace dokan {
namespace {

bool Reads(int flags) {
  return (flags & O_ACCMODE) != O_WRONLY;
}

bool Writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY;
}

}  // namespace

int BackingFile::Check(int fd, int open_flags) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) {
    return -EBADF;
  }
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return -errno;
  }
  if (!S_ISREG(status.st_mode)) {
    return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
  }
  const bool suits = (Reads(flags) || !Reads(open_flags)) &&
                     (Writes(flags) || !Writes(open_flags)) && (flags & O_DIRECT) == 0 &&
                     ((flags & O_APPEND) == 0 || !Writes(open_flags));
  return suits ? 0 : -EACCES;
}

std::shared_ptr<BackingFile> BackingFile::Duplicate(int fd, bool extends, int* error) {
  FileDescriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  const int flags = copy.valid() ? ::fcntl(copy.get(), F_GETFL) : -1;
  if (flags < 0) {
    *error = -errno;
    return nullptr;
  }
  return std::shared_ptr<BackingFile>(new BackingFile(std::move(copy), flags, extends));
}

BackingFile::BackingFile(FileDescriptor fd, int status_flags, bool extends)
    : fd_(std::move(fd)),
      readable_(Reads(status_flags)),
      writable_(Writes(status_flags)),
      local_(StorageOf(fd_.get()) != Storage::kOther),
      extends_(extends) {}

BackingFile::Place BackingFile::PlaceOf(uint32_t transfer_flags, uint32_t open_flags) const {
  if ((transfer_flags & kWriteFromCache) != 0) {
    return extends_ ? Place::kOffset : Place::kInside;
  }
  return (open_flags & O_APPEND) != 0 ? Place::kEnd : Place::kOffset;
}

int BackingFile::Read(std::span<uint8_t> buffer, int64_t offset, bool wait, size_t* done) const {
  while (*done < buffer.size()) {
    const iovec part = {buffer.data() + *done, buffer.size() - *done};
    const auto position = static_cast<off_t>(offset + static_cast<int64_t>(*done));
    const ssize_t count = ::preadv2(fd_.get(), &part, 1, position, wait ? 0 : RWF_NOWAIT);
    if (count > 0) {
      *done += static_cast<size_t>(count);
    } else if (count == 0) {
      return 0;
    } else if (errno != EINTR) {
      // ENOSYS: Linux before 4.6. A file system that cannot say whether it would wait may wait.
      const bool unknown = errno == EOPNOTSUPP || errno == ENOSYS;
      return unknown && !wait ? -EAGAIN : -errno;
    }
  }
  return 0;
}

int64_t BackingFile::Write(std::span<const uint8_t> data, int64_t offset, Place place) const {
  switch (place) {
    case Place::kInside:
      return WriteInside(data, offset);
    case Place::kEnd:
      return WriteAtEnd(data);
    case Place::kOffset:
      break;
  }
  size_t done = 0;
  while (done < data.size()) {
    const auto position = static_cast<off_t>(offset + static_cast<int64_t>(done));
    const ssize_t count = ::pwrite(fd_.get(), data.data() + done, data.size() - done, position);
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (count == 0) {
      break;
    } else if (errno != EINTR) {
      // SIGXFSZ is ignored by Node, and blocked in threads of ours.
      return done > 0 ? static_cast<int64_t>(done) : -errno;
    }
  }
  return static_cast<int64_t>(done);
}

int64_t BackingFile::WriteInside(std::span<const uint8_t> data, int64_t offset) const {
  struct stat status = {};
  if (::fstat(fd_.get(), &status) != 0) {
    return -errno;
  }
  const int64_t room = std::max<int64_t>(0, status.st_size - offset);
  const size_t size = std::min(data.size(), static_cast<size_t>(room));
  const int64_t written = Write(data.first(size), offset, Place::kOffset);
  // The rest is written as much as it ever will be.
  return written == static_cast<int64_t>(size) ? static_cast<int64_t>(data.size()) : written;
}

int64_t BackingFile::WriteAtEnd(std::span<const uint8_t> data) const {
  const iovec part = {const_cast<uint8_t*>(data.data()), data.size()};
  ssize_t count = 0;
  do {
    count = ::pwritev2(fd_.get(), &part, 1, 0, RWF_APPEND);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) {
    return count;
  }
  struct stat status = {};
  // Linux before 4.16 cannot find the end and write there in one step.
  if ((errno != EOPNOTSUPP && errno != ENOSYS) || ::fstat(fd_.get(), &status) != 0) {
    return -errno;
  }
  return Write(data, status.st_size, Place::kOffset);
}

}  // namespace dokan
