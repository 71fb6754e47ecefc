#pragma once

#include <node_api.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backing_file.h"
#include "completion.h"
#include "data_blocks.h"
#include "dokan_abi.h"
#include "slot.h"

namespace dokan {

// What may happen to a request.
enum class RequestState : uint32_t {
  kFree,       // Nobody's; on the stack of free entries.
  kFilled,     // A Dokan thread's, which writes the request or reads the answer.
  kQueued,     // For the JS thread to take.
  kTaken,      // JavaScript's. The Dokan thread may still give it up.
  kPinned,     // JavaScript's, which uses the Dokan thread's memory: it must wait.
  kAnswered,   // By JavaScript; the Dokan thread is signalled.
  kAbandoned,  // The Dokan thread is gone. The JS thread frees it when it sees it next.
  kReleased,   // The environment ends; the Dokan thread is signalled.
};

// The native part of a slot. Owned as its state says; `state` changes hands.
struct RequestEntry {
  std::atomic<RequestState> state{RequestState::kFree};
  Completion completion;
  std::atomic<uint32_t> next{0};  // In the queue: number plus one of the one queued before.

  uint32_t number = 0;
  Slot* slot = nullptr;  // In memory of JavaScript.

  // The Dokan thread's; not to be touched once it gave the request up.
  abi::FileInfo* info = nullptr;
  uint8_t* buffer = nullptr;
  uint32_t buffer_bytes = 0;
  bool buffer_is_source = false;  // A write; otherwise a read.
  bool may_expose = false;

  // What lies in the slot is JavaScript's to change, so native code keeps its own.
  DataBlocks::Block block;
  napi_ref exposed = nullptr;
  bool was_exposed = false;
  std::array<std::wstring, 2> long_names;
  std::vector<uint8_t> data;                   // Of an answer.
  std::shared_ptr<const BackingFile> backing;  // Likewise, of a createFile.
};

}  // namespace dokan
