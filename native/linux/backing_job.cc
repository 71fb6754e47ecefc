#include "backing_job.h"

#include <algorithm>
#include <span>

#include "device_io.h"

namespace dokan {
namespace {

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

ReplyHeader HeaderFor(uint64_t unique, int64_t error, size_t body) {
  const size_t length = sizeof(ReplyHeader) + (error < 0 ? 0 : body);
  return {static_cast<uint32_t>(length), static_cast<int32_t>(std::min<int64_t>(error, 0)), unique};
}

}  // namespace

int BackingJob::Read(bool wait) {
  const std::span<uint8_t> room = buffer.data();
  const size_t size = std::min<size_t>(request.size, room.size());
  return file->Read(room.first(size), static_cast<int64_t>(request.offset), wait, &done);
}

int64_t BackingJob::Write() const {
  const std::span<const uint8_t> data = buffer.data().first(request.size);
  const auto offset = static_cast<int64_t>(request.offset);
  const BackingFile::Place place = file->PlaceOf(request.transfer_flags, request.open_flags);
  int64_t written = file->Write(data, offset, place);
  // Of what comes from its page cache the kernel takes all for written unless it is told an error.
  while ((request.transfer_flags & kWriteFromCache) != 0 && written >= 0 &&
         static_cast<size_t>(written) < data.size()) {
    const int64_t more =
        file->Write(data.subspan(static_cast<size_t>(written)), offset + written, place);
    if (more <= 0) {
      return more == 0 ? -EIO : more;
    }
    written += more;
  }
  return written;
}

int64_t BackingJob::ReplyRead(int device, int result) const {
  // What was read before something went wrong is no answer: it would mean that the file ends there.
  const ReplyHeader header = HeaderFor(unique, result, done);
  if (result < 0) {
    return SendReply(device, BytesOf(header));
  }
  return SendReply(device, BytesOf(header), buffer.data().first(done));
}

int64_t BackingJob::ReplyWrite(int device, int64_t result) const {
  const ReplyHeader header = HeaderFor(unique, result, sizeof(WriteReply));
  if (result < 0) {
    return SendReply(device, BytesOf(header));
  }
  const WriteReply reply = {static_cast<uint32_t>(result), 0};
  return SendReply(device, BytesOf(header), BytesOf(reply));
}

}  // namespace dokan
