#include "read_ahead.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace dokan {
namespace {

// A window whose data nobody came for cost more than it gave.
constexpr uint32_t kRest = 32;

int64_t TicksPerSecond() {
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  return frequency.QuadPart;
}

int64_t Ticks() {
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return now.QuadPart;
}

}  // namespace

bool ReadAheadPool::Reserve(size_t bytes) {
  if (used_.fetch_add(bytes) + bytes <= kMostBytes) {
    return true;
  }
  used_.fetch_sub(bytes);
  return false;
}

ReadAhead::~ReadAhead() {
  if (!window_.empty()) {
    pool_->Return(window_.size());
  }
}

ReadAhead::Moment ReadAhead::Now() const {
  return {Ticks(), pool_->changes().value()};
}

bool ReadAhead::IsFresh() const {
  static const int64_t second = TicksPerSecond();
  const Moment now = Now();
  return now.changes == filled_.changes && now.ticks - filled_.ticks < second;
}

bool ReadAhead::Find(void* buffer, uint32_t length, int64_t offset, uint32_t* copied) {
  if (bytes_ == 0 || offset < start_ || offset + length > start_ + bytes_ || !IsFresh()) {
    return false;
  }
  std::memcpy(buffer, window_.data() + (offset - start_), length);
  *copied = length;
  ++hits_;
  return true;
}

bool ReadAhead::PrepareWindow(uint32_t length) {
  if (length >= pool_->window()) {
    return false;
  }
  if (resting_ > 0) {
    --resting_;
    return false;
  }
  if (was_filled_ && hits_ == 0) {
    GiveWay();
    return false;
  }
  if (!window_.empty()) {
    return true;
  }
  if (!pool_->Reserve(pool_->window())) {
    return false;
  }
  try {
    window_.resize(pool_->window());
  } catch (const std::bad_alloc&) {
    pool_->Return(pool_->window());
    return false;
  }
  return true;
}

uint32_t ReadAhead::Keep(const Moment& before, void* buffer, uint32_t length, int64_t offset,
                         uint32_t bytes) {
  start_ = offset;
  bytes_ = bytes;
  // Of before the question: what changes after it may be in there, or not.
  filled_ = before;
  was_filled_ = true;
  hits_ = 0;
  const uint32_t count = std::min(length, bytes);
  std::memcpy(buffer, window_.data(), count);
  return count;
}

void ReadAhead::GiveWay() {
  bytes_ = 0;
  was_filled_ = false;
  resting_ = kRest;
}

}  // namespace dokan
