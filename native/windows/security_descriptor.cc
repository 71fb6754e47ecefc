#include "security_descriptor.h"

#include <windows.h>

#include <cstring>

namespace dokan {
namespace {

constexpr size_t kSidHead = 8;  // Revision, count and authority; then 4 bytes for each count.
constexpr size_t kAclHead = 8;

bool Fits(std::span<const uint8_t> bytes, size_t offset, size_t length) {
  return offset <= bytes.size() && length <= bytes.size() - offset;
}

bool IsSid(std::span<const uint8_t> bytes, size_t offset) {
  if (offset == 0) {
    return true;  // There is none.
  }
  return Fits(bytes, offset, kSidHead) &&
         Fits(bytes, offset, kSidHead + size_t{bytes[offset + 1]} * sizeof(uint32_t));
}

bool IsAcl(std::span<const uint8_t> bytes, size_t offset) {
  if (offset == 0) {
    return true;
  }
  if (!Fits(bytes, offset, kAclHead)) {
    return false;
  }
  ACL acl = {};
  std::memcpy(&acl, bytes.data() + offset, sizeof acl);
  return acl.AclSize >= kAclHead && Fits(bytes, offset, acl.AclSize);
}

}  // namespace

bool IsWholeDescriptor(std::span<const uint8_t> bytes) {
  SECURITY_DESCRIPTOR_RELATIVE head = {};
  if (bytes.size() < sizeof head) {
    return false;
  }
  std::memcpy(&head, bytes.data(), sizeof head);
  return head.Revision == SECURITY_DESCRIPTOR_REVISION && (head.Control & SE_SELF_RELATIVE) != 0 &&
         IsSid(bytes, head.Owner) && IsSid(bytes, head.Group) && IsAcl(bytes, head.Sacl) &&
         IsAcl(bytes, head.Dacl);
}

}  // namespace dokan
