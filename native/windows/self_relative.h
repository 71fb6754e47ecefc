#pragma once

#include <windows.h>

#include <cstdint>
#include <vector>

namespace dokan {

// The security descriptor of a create, in the form that can be copied as bytes.
class SelfRelativeDescriptor {
 public:
  // Beyond, none is real: its four parts have at most 64 KiB each, and never that much.
  static constexpr uint32_t kMaximumBytes = 64 * 1024;

  // False: it is invalid, or too large. `given` must outlive this object.
  bool Take(PSECURITY_DESCRIPTOR given);

  const void* data() const { return data_; }
  uint32_t bytes() const { return bytes_; }

 private:
  const void* data_ = nullptr;
  uint32_t bytes_ = 0;
  std::vector<uint8_t> converted_;
};

}  // namespace dokan
