#include "process_functions.h"

#include <windows.h>

#include <cstdint>

namespace dokan {
namespace {

// Whether the token can do what administrators may: one of them who is not elevated cannot.
bool HoldsAdministrators() {
  SID_IDENTIFIER_AUTHORITY authority = SECURITY_NT_AUTHORITY;
  PSID administrators = nullptr;
  if (!AllocateAndInitializeSid(&authority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS,
                                0, 0, 0, 0, 0, 0, &administrators)) {
    return false;
  }
  BOOL member = FALSE;
  const bool known = CheckTokenMembership(nullptr, administrators, &member) != FALSE;
  FreeSid(administrators);
  return known && member != FALSE;
}

}  // namespace

Napi::Value ProcessStartedFunction(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) {
    throw Napi::TypeError::New(info.Env(), "Expected a number for 'processId'");
  }
  const DWORD id = info[0].As<Napi::Number>().Uint32Value();
  const HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, id);
  if (process == nullptr) {
    return info.Env().Undefined();
  }
  FILETIME started = {};
  FILETIME ended = {};
  FILETIME kernel = {};
  FILETIME user = {};
  // Somebody's handle keeps what has ended.
  const bool runs = WaitForSingleObject(process, 0) == WAIT_TIMEOUT &&
                    GetProcessTimes(process, &started, &ended, &kernel, &user) != FALSE;
  CloseHandle(process);
  if (!runs) {
    return info.Env().Undefined();
  }
  const uint64_t time = uint64_t{started.dwHighDateTime} << 32 | started.dwLowDateTime;
  return Napi::BigInt::New(info.Env(), time);
}

Napi::Value IsElevatedFunction(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), HoldsAdministrators());
}

}  // namespace dokan
