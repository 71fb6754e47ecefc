#include "file_table.h"

#include <utility>

namespace dokan {
namespace {

// A number is a place in the table and how often that place was used: 31 bits, which V8 holds
// without memory of its own.
constexpr int32_t kPlaceBits = 20;
constexpr int32_t kPlaces = 1 << kPlaceBits;
static_assert(kPlaces == FileTable::kFirstNumber, "generations start with 1");
constexpr int32_t kGenerations = 1 << (31 - kPlaceBits);

// Places that rest before one is used again. With those of one place alone, a number would be good
// again after a few thousand opens; so it takes millions.
constexpr size_t kResting = 4096;

}  // namespace

int32_t FileTable::Add(OpenedFile file) {
  const std::optional<int32_t> found = TakePlace();
  if (!found) {
    return 0;
  }
  const int32_t place = *found;
  Slot& slot = slots_[static_cast<size_t>(place)];
  slot.file = std::move(file);
  return slot.generation << kPlaceBits | place;
}

std::optional<int32_t> FileTable::TakePlace() {
  if (free_.size() <= kResting && slots_.size() < kPlaces) {
    slots_.emplace_back();
    return static_cast<int32_t>(slots_.size() - 1);
  }
  if (free_.empty()) {
    return std::nullopt;
  }
  const int32_t place = free_.front();
  free_.pop_front();
  return place;
}

const OpenedFile* FileTable::Find(int32_t number) const {
  const auto place = static_cast<size_t>(number & (kPlaces - 1));
  if (number <= 0 || place >= slots_.size()) {
    return nullptr;
  }
  const Slot& slot = slots_[place];
  return slot.generation == number >> kPlaceBits && slot.file.handle ? &slot.file : nullptr;
}

bool FileTable::Remove(int32_t number) {
  if (Find(number) == nullptr) {
    return false;
  }
  const int32_t place = number & (kPlaces - 1);
  Slot& slot = slots_[static_cast<size_t>(place)];
  slot.file.handle.Reset();
  slot.generation = slot.generation + 1 == kGenerations ? 1 : slot.generation + 1;
  free_.push_back(place);
  return true;
}

}  // namespace dokan
