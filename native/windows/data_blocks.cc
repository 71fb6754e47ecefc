#include "data_blocks.h"

#include <bit>
#include <utility>

namespace dokan {

DataBlocks::DataBlocks()
    : pool_(std::make_unique<std::array<Owned, kPooledBlocks>>()),
      links_(std::make_unique<std::array<std::atomic<uint32_t>, kPooledBlocks>>()) {}

unsigned DataBlocks::ClassOf(size_t bytes) {
  const auto width = static_cast<unsigned>(bytes <= 1 ? 0 : std::bit_width(bytes - 1));
  return width <= kSmallestShift ? 0 : width - kSmallestShift;
}

std::optional<DataBlocks::Block> DataBlocks::Acquire(size_t bytes) {
  // A larger block will do, but not one so large that large requests go without.
  const unsigned smallest = ClassOf(bytes);
  for (unsigned size_class = smallest; size_class < kClasses && size_class <= smallest + 4;
       ++size_class) {
    if (const auto index = free_[size_class].Pop(links_->data())) {
      const Owned& owned = (*pool_)[*index];
      return Block{owned.number, owned.memory};
    }
  }
  return std::nullopt;
}

void DataBlocks::Release(const Block& block) {
  if (block.number < kSingleBlocks) {
    free_[Pooled(block.number)->size_class].Push(links_->data(),
                                                 static_cast<uint32_t>(PlaceOf(block.number)));
    return;
  }
  const std::lock_guard lock(released_mutex_);
  released_singles_.push_back(block.number);
  any_released_.store(true, std::memory_order_release);
}

bool DataBlocks::Make(napi_env env, unsigned size_class, Owned* owned) {
  napi_value value = nullptr;
  void* memory = nullptr;
  if (napi_create_arraybuffer(env, SizeOf(size_class), &memory, &value) != napi_ok ||
      napi_create_reference(env, value, 1, &owned->reference) != napi_ok) {
    bool pending = false;
    napi_value exception = nullptr;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending) {
      napi_get_and_clear_last_exception(env, &exception);
    }
    return false;
  }
  owned->memory = static_cast<uint8_t*>(memory);
  owned->size_class = size_class;
  return true;
}

int32_t DataBlocks::NewNumber() {
  if (dropped_.empty()) {
    return pool_count_ < kPooledBlocks ? pool_count_++ : kNoBlock;
  }
  const int32_t last = dropped_.back();
  dropped_.pop_back();
  // After so many blocks, nobody remembers the first.
  return last < kSingleBlocks - kPooledBlocks ? last + kPooledBlocks : last % kPooledBlocks;
}

int32_t DataBlocks::NewSingleNumber() {
  do {
    next_single_ = next_single_ == INT32_MAX ? kSingleBlocks : next_single_ + 1;
  } while (singles_.contains(next_single_));
  return next_single_;
}

std::optional<DataBlocks::Block> DataBlocks::AcquireOrMake(napi_env env, size_t bytes) {
  if (const auto block = Acquire(bytes)) {
    return block;
  }
  const unsigned size_class = ClassOf(bytes);
  Owned owned;
  if (!Make(env, size_class, &owned)) {
    return std::nullopt;
  }
  const size_t size = SizeOf(size_class);
  owned.number = pool_bytes_ + size <= kPoolBytes ? NewNumber() : kNoBlock;
  if (owned.number == kNoBlock) {
    owned.number = NewSingleNumber();
    singles_.emplace(owned.number, owned);
  } else {
    pool_bytes_ += size;
    *Pooled(owned.number) = owned;
  }
  return Block{owned.number, owned.memory};
}

void DataBlocks::Drop(napi_env env, const Block& block) {
  if (block.number >= kSingleBlocks) {
    // Not there any more when the volume is closed, and this request came back late.
    if (const auto found = singles_.find(block.number); found != singles_.end()) {
      napi_delete_reference(env, found->second.reference);
      singles_.erase(found);
    }
    return;
  }
  Owned& owned = *Pooled(block.number);
  if (owned.number != block.number) {
    return;
  }
  pool_bytes_ -= SizeOf(owned.size_class);
  napi_delete_reference(env, std::exchange(owned, Owned{}).reference);
  dropped_.push_back(block.number);
}

napi_value DataBlocks::Value(napi_env env, int32_t number) const {
  napi_ref reference = nullptr;
  if (number >= 0 && number < kSingleBlocks) {
    const Owned& owned = (*pool_)[PlaceOf(number)];
    reference = owned.number == number ? owned.reference : nullptr;
  } else if (const auto found = singles_.find(number); found != singles_.end()) {
    reference = found->second.reference;
  }
  napi_value value = nullptr;
  if (reference != nullptr) {
    napi_get_reference_value(env, reference, &value);
  }
  return value;
}

void DataBlocks::FreeReleased(napi_env env) {
  if (!any_released_.load(std::memory_order_acquire)) {
    return;
  }
  std::vector<int32_t> released;
  {
    const std::lock_guard lock(released_mutex_);
    released = std::exchange(released_singles_, {});
    any_released_.store(false, std::memory_order_relaxed);
  }
  for (const int32_t number : released) {
    Drop(env, {number, nullptr});
  }
}

void DataBlocks::Clear(napi_env env) {
  FreeReleased(env);
  for (int32_t number = 0; number < pool_count_; ++number) {
    Owned& owned = (*pool_)[static_cast<size_t>(number)];
    if (owned.reference != nullptr) {
      napi_delete_reference(env, std::exchange(owned, Owned{}).reference);
    }
  }
  for (const auto& [number, owned] : singles_) {
    napi_delete_reference(env, owned.reference);
  }
  singles_.clear();
}

}  // namespace dokan
