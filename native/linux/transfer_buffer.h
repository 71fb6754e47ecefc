#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "fuse_messages.h"

namespace dokan {

// Memory for one request and for the data it brings or asks for, which begin at a page: copying
// whole pages is fastest. Pages that are never used never exist.
class TransferBuffer {
 public:
  TransferBuffer() = default;
  explicit TransferBuffer(size_t capacity)
      : capacity_(capacity),
        memory_(static_cast<uint8_t*>(::operator new(kPage + capacity, kAlignment))) {}

  // Bytes of the longest message; 0 when it has been moved away.
  size_t capacity() const { return memory_ ? capacity_ : 0; }
  std::span<uint8_t> message() const { return {memory_.get() + kPage - kDataOffset, capacity_}; }
  // What follows the headers of a WRITE, and where a READ puts what it finds.
  std::span<uint8_t> data() const { return {memory_.get() + kPage, capacity_ - kDataOffset}; }

 private:
  static constexpr size_t kPage = 4096;
  static constexpr std::align_val_t kAlignment{kPage};
  struct Free {
    void operator()(uint8_t* memory) const { ::operator delete(memory, kAlignment); }
  };

  size_t capacity_ = 0;
  std::unique_ptr<uint8_t, Free> memory_;
};

}  // namespace dokan
