#pragma once

#include <cstddef>
#include <cstdint>

// A request as it lies in memory that Dokan's threads and JavaScript share. lib/hosts/dokan/slot.ts
// declares the same and documents every field.
namespace dokan {

inline constexpr size_t kBatchBytes = 256;
inline constexpr uint32_t kSlotCount = 64;
inline constexpr size_t kSlotBytes = 2048;
inline constexpr size_t kMemoryBytes = kBatchBytes + kSlotCount * kSlotBytes;
static_assert(kSlotCount * sizeof(uint32_t) <= kBatchBytes);

enum class Operation : uint32_t {
  kCreateFile = 0,
  kCleanup = 1,
  kCloseFile = 2,
  kReadFile = 3,
  kWriteFile = 4,
  kFlushFileBuffers = 5,
  kGetFileInformation = 6,
  kFindFiles = 7,
  kFindFilesWithPattern = 8,
  kSetFileAttributes = 9,
  kSetFileTime = 10,
  kDeleteFile = 11,
  kDeleteDirectory = 12,
  kMoveFile = 13,
  kSetEndOfFile = 14,
  kSetAllocationSize = 15,
  kLockFile = 16,
  kUnlockFile = 17,
  kGetDiskFreeSpace = 18,
  kGetVolumeInformation = 19,
  kMounted = 20,
  kUnmounted = 21,
  kGetFileSecurity = 22,
  kSetFileSecurity = 23,
  kFindStreams = 24,
};

namespace request_flag {
inline constexpr uint32_t kIsDirectory = 1U << 0;
inline constexpr uint32_t kDeletePending = 1U << 1;
inline constexpr uint32_t kPagingIo = 1U << 2;
inline constexpr uint32_t kSynchronousIo = 1U << 3;
inline constexpr uint32_t kNoCache = 1U << 4;
inline constexpr uint32_t kWriteToEndOfFile = 1U << 5;
inline constexpr uint32_t kNameIsLatin1 = 1U << 8;
inline constexpr uint32_t kNameIsLong = 1U << 9;
inline constexpr uint32_t kSecondNameIsLatin1 = 1U << 10;
inline constexpr uint32_t kSecondNameIsLong = 1U << 11;
inline constexpr uint32_t kHasDescriptor = 1U << 12;
inline constexpr uint32_t kMayExpose = 1U << 13;
inline constexpr uint32_t kOutOfRange = 1U << 14;
inline constexpr uint32_t kLengthOutOfRange = 1U << 15;
}  // namespace request_flag

namespace answer_flag {
inline constexpr uint32_t kIsDirectory = 1U << 0;
inline constexpr uint32_t kDropBlock = 1U << 1;
}  // namespace answer_flag

// How a time is written, 2 bits for each.
enum class TimeKind : uint32_t { kNone = 0, kNanoseconds = 1, kMilliseconds = 2, kTicks = 3 };

// Of setFileTime's arguments: bits 0 to 2 say which times are given, bits 3 to 5 which of them are
// in units of 100 ns, because 64 bits of nanoseconds do not reach there.
inline constexpr uint32_t kTimeGiven = 1U << 0;
inline constexpr uint32_t kTimeInTicks = 1U << 3;

inline constexpr int32_t kNoBlock = -1;
// Places in the pool: the number of a block in it is that of its place plus a multiple of this,
// which tells the blocks apart that have been there.
inline constexpr int32_t kPooledBlocks = 4096;
// From this number on, a block belongs to one request only.
inline constexpr int32_t kSingleBlocks = 1 << 30;

inline constexpr size_t kNames = 256;
inline constexpr size_t kNamesBytes = kSlotBytes - kNames;

struct Answer {
  uint32_t status;
  uint32_t flags;
  double context;
  uint32_t results[5];
  uint32_t time_kinds;
  double sizes[3];
  uint64_t index;
  uint64_t times[3];
};

struct Slot {
  uint32_t operation;
  uint32_t flags;
  double context;
  uint32_t process_id;
  uint32_t name_bytes;
  uint32_t second_name_bytes;
  int32_t block;
  uint32_t arguments[6];
  double offset;
  double length;
  int64_t times[3];
  uint32_t thread;
  uint32_t unused_request[7];
  Answer answer;
  uint32_t unused_answer[8];
  uint8_t names[kNamesBytes];
};

static_assert(sizeof(Slot) == kSlotBytes);
static_assert(offsetof(Slot, operation) == 0);
static_assert(offsetof(Slot, flags) == 4);
static_assert(offsetof(Slot, context) == 8);
static_assert(offsetof(Slot, process_id) == 16);
static_assert(offsetof(Slot, name_bytes) == 20);
static_assert(offsetof(Slot, second_name_bytes) == 24);
static_assert(offsetof(Slot, block) == 28);
static_assert(offsetof(Slot, arguments) == 32);
static_assert(offsetof(Slot, offset) == 56);
static_assert(offsetof(Slot, length) == 64);
static_assert(offsetof(Slot, times) == 72);
static_assert(offsetof(Slot, thread) == 96);
static_assert(offsetof(Slot, answer) == 128);
static_assert(offsetof(Answer, status) == 128 - 128);
static_assert(offsetof(Answer, flags) == 132 - 128);
static_assert(offsetof(Answer, context) == 136 - 128);
static_assert(offsetof(Answer, results) == 144 - 128);
static_assert(offsetof(Answer, time_kinds) == 164 - 128);
static_assert(offsetof(Answer, sizes) == 168 - 128);
static_assert(offsetof(Answer, index) == 192 - 128);
static_assert(offsetof(Answer, times) == 200 - 128);
static_assert(sizeof(Answer) == 224 - 128);
static_assert(offsetof(Slot, names) == kNames);

// A directory entry of an answer with data; the name follows. Each starts at a multiple of 8.
struct EntryHead {
  uint32_t attributes;
  uint32_t time_kinds;
  uint64_t times[3];
  double size;
  uint32_t name_units;
};
inline constexpr size_t kEntryName = 44;
static_assert(offsetof(EntryHead, attributes) == 0);
static_assert(offsetof(EntryHead, time_kinds) == 4);
static_assert(offsetof(EntryHead, times) == 8);
static_assert(offsetof(EntryHead, size) == 32);
static_assert(offsetof(EntryHead, name_units) == 40);
static_assert(kEntryName == offsetof(EntryHead, name_units) + sizeof(uint32_t));

// A stream, likewise.
struct StreamHead {
  double size;
  uint32_t name_units;
};
inline constexpr size_t kStreamName = 12;
static_assert(offsetof(StreamHead, size) == 0);
static_assert(offsetof(StreamHead, name_units) == 8);
static_assert(kStreamName == offsetof(StreamHead, name_units) + sizeof(uint32_t));

}  // namespace dokan
