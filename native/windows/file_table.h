#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "file_handle.h"

namespace dokan {

// One open file or directory. `attributes` are the OBJ_* bits for what is opened relative to it.
struct OpenedFile {
  SharedFileHandle handle;
  ULONG attributes = 0;
};

// The open files of one environment, behind numbers. JavaScript never holds a handle itself: a
// number that was closed, or never given out, finds nothing, even after its place was used again:
// the same number comes back after eight million opens at the earliest.
// JS thread only; closes what is left when the environment ends.
class FileTable {
 public:
  // No number is less: descriptors of the C runtime, which has some thousands, are told from them.
  static constexpr int32_t kFirstNumber = 1 << 20;

  // Returns a number > 0, or 0 when the table is full.
  int32_t Add(OpenedFile file);
  // nullptr when there is none.
  const OpenedFile* Find(int32_t number) const;
  bool Remove(int32_t number);

 private:
  struct Slot {
    OpenedFile file;
    int32_t generation = 1;
  };

  // A place for a file; nothing when the table is full.
  std::optional<int32_t> TakePlace();

  std::vector<Slot> slots_;
  // The one that is free for the longest time is first.
  std::deque<int32_t> free_;
};

}  // namespace dokan
