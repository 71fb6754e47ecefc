#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace dokan {

// A lock-free stack of small numbers, for any number of threads. The links live outside: a number
// is in one stack at most, so several stacks share them. Each change of the head carries a counter,
// so that a number which left and came back between two looks is not mistaken for having stayed.
class IndexStack {
 public:
  using Links = std::atomic<uint32_t>*;

  void Push(Links links, uint32_t index) {
    uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      links[index].store(static_cast<uint32_t>(head), std::memory_order_relaxed);
    } while (!head_.compare_exchange_weak(head, Next(head, index + 1)));
  }

  std::optional<uint32_t> Pop(Links links) {
    uint64_t head = head_.load();
    while (true) {
      const auto first = static_cast<uint32_t>(head);
      if (first == kEmpty) {
        return std::nullopt;
      }
      const uint32_t second = links[first - 1].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, Next(head, second))) {
        return first - 1;
      }
    }
  }

 private:
  static constexpr uint32_t kEmpty = 0;  // Numbers are stored plus one.

  static uint64_t Next(uint64_t head, uint32_t first) { return ((head >> 32) + 1) << 32 | first; }

  std::atomic<uint64_t> head_{kEmpty};
};

}  // namespace dokan
