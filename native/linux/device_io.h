#pragma once

#include <cstdint>
#include <span>

namespace dokan {

// One request from the device: its length, or -errno (-EAGAIN: none there). With a spin time, keeps
// trying that long before it gives up: waking a sleeping thread costs more than a request does.
int64_t ReceiveRequest(int fd, std::span<uint8_t> buffer, int64_t spin_microseconds);

// One reply: 0 or -errno.
int64_t SendReply(int fd, std::span<const uint8_t> reply);
int64_t SendReplyParts(int fd, std::span<const uint8_t> head, std::span<const uint8_t> body);

}  // namespace dokan
