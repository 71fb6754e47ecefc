#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace dokan {

// fuse_in_header and fuse_out_header of the kernel's protocol.
struct RequestHeader {
  uint32_t length;
  uint32_t opcode;
  uint64_t unique;
  uint64_t node;
  uint32_t user;
  uint32_t group;
  uint32_t process;
  uint32_t unused;
};
static_assert(sizeof(RequestHeader) == 40);

struct ReplyHeader {
  uint32_t length;
  int32_t error;
  uint64_t unique;
};
static_assert(sizeof(ReplyHeader) == 16);

enum class Opcode : uint32_t {
  kLookup = 1,
  kForget = 2,
  kGetAttributes = 3,
  kSetAttributes = 4,
  kMakeSymbolicLink = 6,
  kMakeNode = 8,
  kMakeDirectory = 9,
  kMakeLink = 13,
  kOpen = 14,
  kRead = 15,
  kWrite = 16,
  kRelease = 18,
  kSync = 20,
  kFlush = 25,
  kReadDirectory = 28,
  kReleaseDirectory = 29,
  kSyncDirectory = 30,
  kAccess = 34,
  kCreate = 35,
  kInterrupt = 36,
  kNotifyReply = 41,
  kBatchForget = 42,
  kAllocate = 43,
  kReadDirectoryPlus = 44,
  kSeek = 46,
  kStatx = 52,
};

// A request has at least a header.
inline RequestHeader HeaderOf(std::span<const uint8_t> request) {
  RequestHeader header = {};
  std::memcpy(&header, request.data(), sizeof header);
  return header;
}

inline Opcode OpcodeOf(const RequestHeader& header) {
  return static_cast<Opcode>(header.opcode);
}

// Whether the kernel wants a reply to it.
inline bool IsAnswered(Opcode opcode) {
  return opcode != Opcode::kForget && opcode != Opcode::kBatchForget &&
         opcode != Opcode::kInterrupt && opcode != Opcode::kNotifyReply;
}

inline bool IsRelease(Opcode opcode) {
  return opcode == Opcode::kRelease || opcode == Opcode::kReleaseDirectory;
}

}  // namespace dokan
