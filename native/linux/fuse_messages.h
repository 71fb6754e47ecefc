#pragma once

#include <cstddef>
#include <cstdint>

#include "request_header.h"

namespace dokan {

// What native code reads and writes of reads and writes (linux/fuse.h); the rest of the protocol is
// TypeScript's (lib/hosts/fuse/protocol.ts).

// Of READ and of WRITE, whose data follow.
struct TransferRequest {
  uint64_t handle;
  uint64_t offset;
  uint32_t size;
  uint32_t transfer_flags;
  uint64_t lock_owner;
  uint32_t open_flags;
  uint32_t unused;
};
static_assert(sizeof(TransferRequest) == 40);

// Where the data of a WRITE begin.
constexpr size_t kDataOffset = sizeof(RequestHeader) + sizeof(TransferRequest);

// transfer_flags of a WRITE: it comes from the page cache; it takes set-user-ID away.
constexpr uint32_t kWriteFromCache = 1;
constexpr uint32_t kWriteKillsPrivileges = 4;

struct WriteReply {
  uint32_t size;
  uint32_t unused;
};
static_assert(sizeof(WriteReply) == 8);

}  // namespace dokan
