#include "request.h"

#include <algorithm>
#include <cstring>

#include "dokan_status.h"
#include "slot_times.h"
#include "volume_instance.h"

namespace dokan {
namespace {

constexpr int64_t kLargestInteger = (int64_t{1} << 53) - 1;

uint32_t FlagsOf(const abi::FileInfo& info) {
  return (info.is_directory != 0 ? request_flag::kIsDirectory : 0) |
         (info.delete_pending != 0 ? request_flag::kDeletePending : 0) |
         (info.paging_io != 0 ? request_flag::kPagingIo : 0) |
         (info.synchronous_io != 0 ? request_flag::kSynchronousIo : 0) |
         (info.no_cache != 0 ? request_flag::kNoCache : 0) |
         (info.write_to_end_of_file != 0 ? request_flag::kWriteToEndOfFile : 0);
}

}  // namespace

Request::Request(Operation operation, abi::FileInfo* info)
    : volume_(VolumeInstance::Of(info)), queue_(&volume_->queue()) {
  entered_ = queue_->Enter();
  if (!entered_) {
    refusal_ = status::kVolumeDismounted;
    return;
  }
  const bool may_give_up = operation != Operation::kCleanup && operation != Operation::kCloseFile;
  entry_ = queue_->TakeFree(info, may_give_up);
  if (entry_ == nullptr) {
    refusal_ = status::kInsufficientResources;
    return;
  }
  Slot& slot = *entry_->slot;
  // The request's fields and the answer's; not the names.
  std::memset(&slot, 0, kNames);
  slot.operation = static_cast<uint32_t>(operation);
  slot.flags = FlagsOf(*info);
  slot.context = static_cast<double>(info->context);
  slot.process_id = info->process_id;
  slot.block = kNoBlock;
  slot.thread = GetCurrentThreadId();
}

Request::~Request() {
  if (entry_ != nullptr) {
    queue_->Free(entry_);
  }
  if (entered_) {
    queue_->Leave();
  }
}

void Request::Name(LPCWSTR name) {
  AddName(name, NameKind::kPath, 0);
}

void Request::SecondName(LPCWSTR name, NameKind kind) {
  AddName(name, kind, 1);
}

void Request::AddName(LPCWSTR name, NameKind kind, unsigned which) {
  using namespace request_flag;
  const size_t offset = which == 0 ? 0 : (slot().name_bytes + size_t{1}) & ~size_t{1};
  uint32_t& bytes = which == 0 ? slot().name_bytes : slot().second_name_bytes;
  bool is_latin1 = false;
  if (!WriteName(&slot(), offset, name == nullptr ? L"" : name, kind, &bytes, &is_latin1,
                 &entry_->long_names[which])) {
    Flag(which == 0 ? kNameIsLong : kSecondNameIsLong);
  }
  if (is_latin1) {
    Flag(which == 0 ? kNameIsLatin1 : kSecondNameIsLatin1);
  }
}

double Request::InRange(int64_t value, uint32_t flag) {
  if (value < 0 || value > kLargestInteger) {
    Flag(flag);
    return 0;
  }
  return static_cast<double>(value);
}

void Request::Time(size_t index, const FILETIME* time) {
  bool in_ticks = false;
  if (!ReadFileTime(time, &slot().times[index], &in_ticks)) {
    return;
  }
  slot().arguments[0] |= kTimeGiven << index;
  if (in_ticks) {
    slot().arguments[0] |= kTimeInTicks << index;
  }
}

void Request::Source(const void* data, uint32_t bytes) {
  // Not written to: JavaScript that does so writes into a copy, or into what Dokan is done with.
  entry_->buffer = static_cast<uint8_t*>(const_cast<void*>(data));
  entry_->buffer_bytes = bytes;
  entry_->buffer_is_source = true;
}

void Request::Target(void* data, uint32_t bytes) {
  entry_->buffer = static_cast<uint8_t*>(data);
  entry_->buffer_bytes = bytes;
  entry_->buffer_is_source = false;
}

void Request::MayExpose() {
  if (queue_->settings().external_buffers && entry_->buffer_bytes >= RequestQueue::kExposeBytes) {
    entry_->may_expose = true;
    Flag(request_flag::kMayExpose);
  }
}

// The copy of a write is made here, where it costs the JS thread nothing; without a free block, the
// JS thread makes one when it takes the request.
void Request::FindBlock() {
  if (entry_->buffer_bytes == 0 || entry_->may_expose) {
    return;
  }
  const auto block = queue_->blocks().Acquire(entry_->buffer_bytes);
  if (!block) {
    return;
  }
  entry_->block = *block;
  slot().block = block->number;
  if (entry_->buffer_is_source) {
    std::memcpy(block->memory, entry_->buffer, entry_->buffer_bytes);
  }
}

NTSTATUS Request::Send() {
  if (!ready()) {
    return refusal_;
  }
  FindBlock();
  switch (queue_->SubmitAndWait(entry_)) {
    case RequestQueue::Outcome::kAnswered:
      answered_ = true;
      return static_cast<NTSTATUS>(answer().status);
    case RequestQueue::Outcome::kReleased:
      return status::kVolumeDismounted;
    case RequestQueue::Outcome::kDeadlock:
      entry_ = nullptr;  // JavaScript's now.
      return status::kPossibleDeadlock;
    default:
      entry_ = nullptr;
      return status::kIoTimeout;
  }
}

std::wstring_view Request::AnsweredText(size_t offset, size_t bytes) const {
  offset = std::min(offset, kNamesBytes);
  bytes = std::min(bytes, kNamesBytes - offset);
  return {reinterpret_cast<const wchar_t*>(slot().names + offset), bytes / sizeof(wchar_t)};
}

uint32_t Request::FinishTarget() const {
  const uint32_t count = std::min(answer().results[0], entry_->buffer_bytes);
  if (entry_->was_exposed) {
    return count;
  }
  if (entry_->block.number == kNoBlock) {
    return 0;
  }
  std::memcpy(entry_->buffer, entry_->block.memory, count);
  return count;
}

}  // namespace dokan
