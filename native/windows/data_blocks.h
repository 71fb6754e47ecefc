#pragma once

#include <node_api.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "index_stack.h"
#include "slot.h"

namespace dokan {

// Memory for the data of requests, in ArrayBuffers that JavaScript allocated: they work where a
// runtime forbids foreign memory. Made on the JS thread, used by it and by Dokan's threads. A block
// in the pool stays for the life of the volume; the pool is bounded, and blocks beyond it serve one
// request each.
class DataBlocks {
 public:
  struct Block {
    int32_t number = kNoBlock;
    uint8_t* memory = nullptr;
  };

  DataBlocks();
  DataBlocks(const DataBlocks&) = delete;
  DataBlocks& operator=(const DataBlocks&) = delete;

  // Any thread: a free block of the pool of at least that size, when there is one.
  std::optional<Block> Acquire(size_t bytes);
  // Any thread: nobody uses the block any more.
  void Release(const Block& block);

  // JS thread from here on.

  // As Acquire, but makes a block when it must. None: no memory.
  std::optional<Block> AcquireOrMake(napi_env env, size_t bytes);
  // Lets go of a block that somebody may still be writing to: neither its memory nor its number is
  // used again.
  void Drop(napi_env env, const Block& block);
  // The ArrayBuffer; nullptr for a number without a block.
  napi_value Value(napi_env env, int32_t number) const;
  // Frees the blocks beyond the pool that Dokan's threads have released.
  void FreeReleased(napi_env env);
  // The volume is closed: lets go of everything.
  void Clear(napi_env env);

 private:
  static constexpr unsigned kSmallestShift = 12;  // 4 KiB
  static constexpr unsigned kClasses = 21;        // Up to 4 GiB, what a request's length can say.
  // What 16 threads of Dokan need for requests of 1 MiB, twice.
  static constexpr size_t kPoolBytes = size_t{32} << 20;

  struct Owned {
    uint8_t* memory = nullptr;
    napi_ref reference = nullptr;
    unsigned size_class = 0;
    // Of the block in this place of the pool: late JavaScript that asks for the one that was
    // dropped before must not be given this one.
    int32_t number = kNoBlock;
  };

  static unsigned ClassOf(size_t bytes);
  static size_t SizeOf(unsigned size_class) { return size_t{1} << (kSmallestShift + size_class); }
  static size_t PlaceOf(int32_t number) { return static_cast<size_t>(number % kPooledBlocks); }
  Owned* Pooled(int32_t number) { return &(*pool_)[PlaceOf(number)]; }
  // A number for a block in the pool, whose place is nobody's; kNoBlock when all are taken.
  int32_t NewNumber();
  int32_t NewSingleNumber();
  static bool Make(napi_env env, unsigned size_class, Owned* owned);

  // A place is written by the JS thread only while it is nobody's.
  std::unique_ptr<std::array<Owned, kPooledBlocks>> pool_;
  std::unique_ptr<std::array<std::atomic<uint32_t>, kPooledBlocks>> links_;
  std::array<IndexStack, kClasses> free_;

  int32_t pool_count_ = 0;
  size_t pool_bytes_ = 0;
  // Numbers of blocks that were dropped, whose places are free.
  std::vector<int32_t> dropped_;
  int32_t next_single_ = kSingleBlocks;
  std::map<int32_t, Owned> singles_;

  std::mutex released_mutex_;
  std::vector<int32_t> released_singles_;
  std::atomic<bool> any_released_{false};
};

}  // namespace dokan
