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
      return Block{static_cast<int32_t>(*index), (*pool_)[*index].memory};
    }
  }
  return std::nullopt;
}

void DataBlocks::Release(const Block& block) {
  if (block.number < kPooledBlocks) {
    const auto index = static_cast<uint32_t>(block.number);
    free_[(*pool_)[index].size_class].Push(links_->data(), index);
    return;
  }
  const std::lock_guard lock(released_mutex_);
  released_singles_.push_back(block.number);
  any_released_.store(true, std::memory_order_release);
}

bool DataBlocks::Make(napi_env env, unsigned size_class, Owned* owned) {
  napi_value value = nullptr;
  void* memory = nullptr;
  if (napi_create_arraybuffer(env, size_t{1} << (kSmallestShift + size_class), &memory, &value) !=
          napi_ok ||
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

std::optional<DataBlocks::Block> DataBlocks::AcquireOrMake(napi_env env, size_t bytes) {
  if (const auto block = Acquire(bytes)) {
    return block;
  }
  const unsigned size_class = ClassOf(bytes);
  Owned owned;
  if (!Make(env, size_class, &owned)) {
    return std::nullopt;
  }
  const size_t size = size_t{1} << (kSmallestShift + size_class);
  if (pool_count_ < kPooledBlocks && pool_bytes_ + size <= kPoolBytes) {
    pool_bytes_ += size;
    (*pool_)[static_cast<size_t>(pool_count_)] = owned;
    return Block{pool_count_++, owned.memory};
  }
  singles_.emplace(next_single_, owned);
  return Block{next_single_++, owned.memory};
}

void DataBlocks::Drop(napi_env env, const Block& block) {
  if (block.number >= kPooledBlocks) {
    // Not there any more when the volume is closed, and this request came back late.
    if (const auto found = singles_.find(block.number); found != singles_.end()) {
      napi_delete_reference(env, found->second.reference);
      singles_.erase(found);
    }
    return;
  }
  Owned& owned = (*pool_)[static_cast<size_t>(block.number)];
  if (owned.reference == nullptr) {
    return;
  }
  pool_bytes_ -= size_t{1} << (kSmallestShift + owned.size_class);
  napi_delete_reference(env, std::exchange(owned, Owned{}).reference);
}

napi_value DataBlocks::Value(napi_env env, int32_t number) const {
  napi_ref reference = nullptr;
  if (number >= 0 && number < pool_count_) {
    reference = (*pool_)[static_cast<size_t>(number)].reference;
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
