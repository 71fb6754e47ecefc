#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "backing_file.h"
#include "read_ahead.h"
#include "slim_lock.h"

namespace dokan {

// What Dokan's threads know of an open, to serve some of it without JavaScript.
struct KnownOpen {
  std::shared_ptr<const BackingFile> backing;
  std::unique_ptr<ReadAhead> ahead;
};

// The opens of a volume of which anything is known, by their contexts; from createFile to cleanup.
// What comes after that is the memory manager's, and all of it is JavaScript's: a handle that were
// still there would keep others out of the real file. Any thread.
class OpenTable {
 public:
  void Add(uint64_t context, std::shared_ptr<KnownOpen> open);
  // nullptr: JavaScript is to be asked.
  std::shared_ptr<KnownOpen> Find(uint64_t context);
  void Remove(uint64_t context);
  void Clear();

 private:
  SlimLock lock_;
  std::unordered_map<uint64_t, std::shared_ptr<KnownOpen>> opens_;
  // Most volumes have none: they pay for one look at this.
  std::atomic<size_t> count_{0};
};

}  // namespace dokan
