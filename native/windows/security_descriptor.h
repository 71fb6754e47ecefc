#pragma once

#include <cstdint>
#include <span>

namespace dokan {

// Whether the bytes are a self-relative security descriptor that lies within them as a whole.
// NT takes a pointer without a length: what the descriptor says of its own extent must be true.
bool IsWholeDescriptor(std::span<const uint8_t> bytes);

}  // namespace dokan
