#include <vector>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"
#include "file_values.h"
#include "security_descriptor.h"

namespace dokan {
namespace {

constexpr ULONG kOwnerAndGroup = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION;
constexpr size_t kUsualBytes = 512;

NTSTATUS Query(HANDLE handle, ULONG information, std::vector<uint8_t>* descriptor) {
  descriptor->resize(kUsualBytes);
  while (true) {
    ULONG needed = 0;
    const auto size = static_cast<ULONG>(descriptor->size());
    const NTSTATUS status = nt::FileApi::Get().query_security_object(
        handle, information, descriptor->data(), size, &needed);
    // It may have grown between two calls; one that claims to need no more than it had never ends.
    const bool is_short = status == nt::kBufferTooSmall || status == nt::kBufferOverflow;
    if (is_short && needed > size) {
      descriptor->resize(needed);
      continue;
    }
    if (nt::IsSuccess(status)) {
      descriptor->resize(GetSecurityDescriptorLength(descriptor->data()));
    }
    return status;
  }
}

// What setting these parts takes.
ACCESS_MASK AccessToSet(ULONG information) {
  return ((information & kOwnerAndGroup) != 0 ? WRITE_OWNER : 0) |
         ((information & DACL_SECURITY_INFORMATION) != 0 ? WRITE_DAC : 0) |
         ((information & LABEL_SECURITY_INFORMATION) != 0 ? WRITE_OWNER : 0) |
         ((information & SACL_SECURITY_INFORMATION) != 0 ? ACCESS_SYSTEM_SECURITY : 0);
}

}  // namespace

// getSecurity(file, information)
napi_value GetSecurityFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const ULONG information = call.Uint32(1, "information");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  const ULONG access =
      READ_CONTROL | ((information & SACL_SECURITY_INFORMATION) != 0 ? ACCESS_SYSTEM_SECURITY : 0);
  std::vector<uint8_t> descriptor;
  const NTSTATUS status = WithAccess(
      *file, access, [&](HANDLE handle) { return Query(handle, information, &descriptor); });
  return nt::IsSuccess(status) ? ArrayToJavaScript(env, napi_uint8_array, descriptor)
                               : call.Status(status);
}

// setSecurity(file, information, descriptor)
napi_value SetSecurityFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const ULONG information = call.Uint32(1, "information");
  const auto descriptor = call.Bytes(2, "descriptor");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  if (!IsWholeDescriptor(descriptor)) {
    return call.Status(nt::kInvalidSecurityDescriptor);
  }
  return call.Status(WithAccess(*file, AccessToSet(information), [&](HANDLE handle) {
    return nt::FileApi::Get().set_security_object(handle, information, descriptor.data());
  }));
}

}  // namespace dokan
