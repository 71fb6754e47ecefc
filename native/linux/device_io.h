#pragma once

#include <cstdint>
#include <span>

namespace dokan {

// -EFAULT for a buffer without memory (JavaScript has transferred it away), -EINVAL for a length
// outside of it, or 0.
int64_t CheckLength(std::span<const uint8_t> buffer, int64_t length);

// One request from the device: its length, or -errno (-EAGAIN: none there). With a spin time, keeps
// trying that long before it gives up: waking a sleeping thread costs more than a request does. Not
// while other programs want this processor: they would get it instead.
int64_t ReceiveRequest(int fd, std::span<uint8_t> buffer, int64_t spin_microseconds);

// What a call that sends a reply and receives returns -errno below, where the reply was not sent.
// Receiving fails with less.
inline constexpr int64_t kNotSent = -4096;

// One reply, which may lie in two pieces: 0 or -errno.
int64_t SendReply(int fd, std::span<const uint8_t> head, std::span<const uint8_t> body = {});

}  // namespace dokan
