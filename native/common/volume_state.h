#pragma once

namespace dokan {

// What came of asking a volume something that its process has to answer.
enum class VolumeState : unsigned char {
  kLive,     // It has answered.
  kHung,     // No answer in time.
  kDead,     // There is nobody who could answer.
  kUnknown,  // It could not be asked: not allowed to, or not reached.
};

// As lib/mounts/list.ts names it.
constexpr const char* NameOf(VolumeState state) {
  switch (state) {
    case VolumeState::kLive:
      return "live";
    case VolumeState::kHung:
      return "hung";
    case VolumeState::kDead:
      return "dead";
    case VolumeState::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace dokan
