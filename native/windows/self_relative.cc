#include "self_relative.h"

namespace dokan {

bool SelfRelativeDescriptor::Take(PSECURITY_DESCRIPTOR given) {
  SECURITY_DESCRIPTOR_CONTROL control = 0;
  DWORD revision = 0;
  if (!IsValidSecurityDescriptor(given) ||
      !GetSecurityDescriptorControl(given, &control, &revision)) {
    return false;
  }
  DWORD bytes = GetSecurityDescriptorLength(given);
  if ((control & SE_SELF_RELATIVE) != 0) {
    data_ = given;
    bytes_ = bytes;
    return bytes <= kMaximumBytes;
  }
  bytes = 0;
  MakeSelfRelativeSD(given, nullptr, &bytes);
  if (bytes == 0 || bytes > kMaximumBytes) {
    return false;
  }
  converted_.resize(bytes);
  if (!MakeSelfRelativeSD(given, converted_.data(), &bytes)) {
    return false;
  }
  data_ = converted_.data();
  bytes_ = bytes;
  return true;
}

}  // namespace dokan
