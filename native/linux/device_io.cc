#include "device_io.h"

#include <errno.h>
#include <sched.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>

namespace dokan {
namespace {

// In nanoseconds, like all times here. A thread that asks in quick succession gives the processor
// back before that; one that takes longer has work of its own.
constexpr int64_t kLongYield = 500'000;
// How long there are no looks after such a one. Who yields beside programs that compute is put
// behind them all, each time for as long as they may run; who sleeps is woken before their time is
// over.
constexpr int64_t kRest = 100'000'000;

thread_local int64_t rests_until = 0;

int64_t MonotonicNanoseconds() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec;
}

// The kernel takes a reply whole or not at all.
int64_t WriteResult(ssize_t written, size_t expected) {
  if (written < 0) {
    return -errno;
  }
  return static_cast<size_t>(written) == expected ? 0 : -EIO;
}

}  // namespace

int64_t CheckLength(std::span<const uint8_t> buffer, int64_t length) {
  if (buffer.data() == nullptr) {
    return -EFAULT;
  }
  return length < 0 || static_cast<uint64_t>(length) > buffer.size() ? -EINVAL : 0;
}

int64_t ReceiveRequest(int fd, std::span<uint8_t> buffer, int64_t spin_microseconds) {
  int64_t deadline = 0;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count >= 0) {
      return count;
    }
    // ENOENT: the request was withdrawn while the kernel copied it; the next one may be there.
    if (errno == EINTR || errno == ENOENT) {
      continue;
    }
    if (errno != EAGAIN || spin_microseconds <= 0) {
      return -errno;
    }
    const int64_t now = MonotonicNanoseconds();
    if (deadline == 0) {
      deadline = now + spin_microseconds * 1000;
    }
    if (now >= deadline || now < rests_until) {
      return -EAGAIN;
    }
    // Whoever is to ask next may be waiting for this very processor.
    ::sched_yield();
    const int64_t back = MonotonicNanoseconds();
    if (back - now > kLongYield) {
      rests_until = back + kRest;
    }
  }
}

int64_t SendReply(int fd, std::span<const uint8_t> head, std::span<const uint8_t> body) {
  if (body.empty()) {
    return WriteResult(::write(fd, head.data(), head.size()), head.size());
  }
  // writev only reads; iovec has no const form.
  const std::array<iovec, 2> parts = {
      iovec{const_cast<uint8_t*>(head.data()), head.size()},
      iovec{const_cast<uint8_t*>(body.data()), body.size()},
  };
  return WriteResult(::writev(fd, parts.data(), parts.size()), head.size() + body.size());
}

}  // namespace dokan
