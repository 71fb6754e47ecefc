// Security descriptors, and the one the library makes up.

// sddl.h is not complete by itself.
// clang-format off
#include <winsock2.h>
#include <windows.h>
#include <sddl.h>
// clang-format on

#include <cstring>
#include <string>

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"

namespace simulator {
namespace {

std::wstring SidText(PSID sid) {
  wchar_t* text = nullptr;
  if (ConvertSidToStringSidW(sid, &text) == 0) return {};
  std::wstring copy(text);
  LocalFree(text);
  return copy;
}

// Who runs the file system: its user and the first of its groups.
bool ProcessOwner(std::wstring& user, std::wstring& group) {
  HANDLE token = nullptr;
  if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) == 0) return false;
  alignas(void*) char buffer[2048];
  DWORD length = 0;
  bool known = false;
  if (GetTokenInformation(token, TokenUser, buffer, sizeof buffer, &length) != 0) {
    user = SidText(reinterpret_cast<TOKEN_USER*>(buffer)->User.Sid);
    known = !user.empty();
  }
  if (GetTokenInformation(token, TokenGroups, buffer, sizeof buffer, &length) != 0) {
    const auto* groups = reinterpret_cast<TOKEN_GROUPS*>(buffer);
    if (groups->GroupCount > 0) group = SidText(groups->Groups[0].Sid);
  }
  CloseHandle(token);
  return known;
}

NtStatus DefaultDescriptor(const FileInfo& info, SECURITY_INFORMATION wanted, char* buffer,
                           ULONG capacity, ULONG& needed) {
  std::wstring user;
  std::wstring group;
  if (!ProcessOwner(user, group)) return status::kNotImplemented;
  std::wstring text;
  if ((wanted & OWNER_SECURITY_INFORMATION) != 0) text += L"O:" + user;
  if ((wanted & GROUP_SECURITY_INFORMATION) != 0 && !group.empty()) text += L"G:" + group;
  if ((wanted & DACL_SECURITY_INFORMATION) != 0) {
    text += info.is_directory != 0 ? L"D:PAI(A;OICI;FA;;;AU)" : L"D:AI(A;ID;FA;;;AU)";
  }
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  ULONG size = 0;
  if (ConvertStringSecurityDescriptorToSecurityDescriptorW(text.c_str(), SDDL_REVISION_1,
                                                           &descriptor, &size) == 0) {
    return status::kNotImplemented;
  }
  needed = size;
  if (size <= capacity) std::memcpy(buffer, descriptor, size);
  LocalFree(descriptor);
  return size <= capacity ? status::kSuccess : status::kBufferOverflow;
}

}  // namespace

NtStatus RunQuerySecurity(Request& request) {
  SECURITY_INFORMATION wanted = request.fields.Word("securityInformation");
  const ULONG length = request.fields.Word("length");
  // Room for one byte at least: a callback never gets a null buffer.
  request.data.assign(length + 1, 0);
  ULONG needed = 0;
  NtStatus result = status::kNotImplemented;
  if (request.operations().GetFileSecurity != nullptr) {
    result =
        Call(Callback::kGetFileSecurity, request.operations().GetFileSecurity, request.name.c_str(),
             &wanted, static_cast<void*>(request.data.data()), length, &needed, &request.info);
  }
  if (result == status::kNotImplemented) {
    result = DefaultDescriptor(request.info, wanted, request.data.data(), length, needed);
  }
  if (result != status::kSuccess && result != status::kBufferOverflow) needed = 0;
  if (result == status::kSuccess && needed > length) result = status::kBufferOverflow;
  request.reply.Number("needed", needed);
  if (result == status::kSuccess) request.data_length = needed;
  return result;
}

NtStatus RunSetSecurity(Request& request) {
  NtStatus result = status::kNotImplemented;
  if (request.operations().SetFileSecurity != nullptr) {
    SECURITY_INFORMATION given = request.fields.Word("securityInformation");
    result = Call(Callback::kSetFileSecurity, request.operations().SetFileSecurity,
                  request.name.c_str(), &given, static_cast<void*>(request.payload.data()),
                  static_cast<ULONG>(request.payload.size()), &request.info);
  }
  return result == status::kSuccess ? result : status::kInvalidParameter;
}

}  // namespace simulator
