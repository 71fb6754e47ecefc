#include "backing_server.h"

#include <errno.h>

#include <cstring>
#include <optional>
#include <utility>

#include "fuse_messages.h"

namespace dokan {
namespace {

// A write of so many bytes takes less time than waking a thread for it.
constexpr size_t kLongestWriteAtOnce = size_t{1} << 16;
// Handles are counted from 1: a larger one is none of ours.
constexpr uint64_t kMostHandles = uint64_t{1} << 24;

}  // namespace

int BackingServer::Add(uint64_t handle, int fd, bool extends) {
  if (handle >= kMostHandles) {
    return -ENFILE;
  }
  int error = 0;
  std::shared_ptr<BackingFile> file = BackingFile::Duplicate(fd, extends, &error);
  if (!file) {
    return error;
  }
  if (handle >= files_.size()) {
    files_.resize(handle + 1);
  }
  count_ += files_[handle] ? 0 : 1;
  files_[handle] = std::move(file);
  return 0;
}

void BackingServer::Remove(uint64_t handle) {
  if (handle < files_.size() && files_[handle]) {
    files_[handle].reset();
    --count_;
  }
}

void BackingServer::RemoveAll() {
  files_.clear();
  count_ = 0;
}

std::span<uint8_t> BackingServer::Incoming(size_t size) {
  if (incoming_.capacity() < size) {
    incoming_ = pool_.TakeBuffer(size);
  }
  return incoming_.message().first(size);
}

bool BackingServer::Serve(int device, size_t length) {
  if (length < kDataOffset) {
    return false;
  }
  const uint8_t* const message = incoming_.message().data();
  RequestHeader header = {};
  std::memcpy(&header, message, sizeof header);
  const Opcode opcode = OpcodeOf(header);
  if (opcode != Opcode::kRead && opcode != Opcode::kWrite) {
    return false;
  }
  BackingJob job;
  std::memcpy(&job.request, message + sizeof header, sizeof job.request);
  const uint64_t handle = job.request.handle;
  if (handle >= files_.size() || !files_[handle] || job.request.offset > INT64_MAX) {
    return false;
  }
  job.unique = header.unique;
  job.writes = opcode == Opcode::kWrite;
  job.file = files_[handle];
  return job.writes ? ServeWrite(device, job, length) : ServeRead(device, job);
}

bool BackingServer::ServeRead(int device, BackingJob& job) {
  if (!job.file->readable()) {
    return false;
  }
  job.buffer = std::move(incoming_);
  const int result = job.Read(false);
  if (result == -EAGAIN) {
    // Many of these may wait at once: none keeps more memory than it needs.
    if (const size_t length = kDataOffset + job.request.size; length <= BackingPool::kSmall) {
      incoming_ = std::move(job.buffer);
      job.buffer = pool_.TakeBuffer(length);
      job.done = 0;
    }
    HandOver(device, job);
    return true;
  }
  job.ReplyRead(device, result);
  incoming_ = std::move(job.buffer);
  return true;
}

bool BackingServer::ServeWrite(int device, BackingJob& job, size_t length) {
  const TransferRequest& request = job.request;
  // Who loses set-user-ID by it is for the file system to say.
  if (!job.file->writable() || request.size > length - kDataOffset ||
      (request.transfer_flags & kWriteKillsPrivileges) != 0) {
    return false;
  }
  job.buffer = std::move(incoming_);
  if (request.size > kLongestWriteAtOnce || !job.file->local()) {
    HandOver(device, job);
    return true;
  }
  job.ReplyWrite(device, job.Write());
  incoming_ = std::move(job.buffer);
  return true;
}

void BackingServer::HandOver(int device, BackingJob& job) {
  std::optional<BackingJob> refused = pool_.Push(std::move(job));
  if (!refused) {
    return;
  }
  // Without a thread there is only this one.
  if (refused->writes) {
    refused->ReplyWrite(device, refused->Write());
  } else {
    refused->ReplyRead(device, refused->Read(true));
  }
}

}  // namespace dokan
