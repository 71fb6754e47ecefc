#include "requestor_token.h"

#include <cstddef>
#include <vector>

#include "wide_text.h"

namespace dokan {
namespace {

// Aligned as the structures want it, which hold pointers into the same memory.
using TokenData = std::vector<std::max_align_t>;

std::optional<TokenData> Query(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  DWORD bytes = 0;
  GetTokenInformation(token, what, nullptr, 0, &bytes);
  if (bytes == 0) {
    return std::nullopt;
  }
  TokenData data((bytes + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
  if (!GetTokenInformation(token, what, data.data(), bytes, &bytes)) {
    return std::nullopt;
  }
  return data;
}

// As ConvertSidToStringSid writes it, which needs memory of the system's own.
std::wstring SidText(PSID sid) {
  const SID_IDENTIFIER_AUTHORITY& authority = *GetSidIdentifierAuthority(sid);
  uint64_t number = 0;
  for (const BYTE byte : authority.Value) {
    number = number << 8 | byte;
  }
  // From 2^32 on the authority is written in hexadecimal; Windows has none so large.
  std::wstring text =
      L"S-" + std::to_wstring(*static_cast<const BYTE*>(sid)) + L"-" + std::to_wstring(number);
  for (DWORD index = 0; index < *GetSidSubAuthorityCount(sid); ++index) {
    text += L"-" + std::to_wstring(*GetSidSubAuthority(sid, index));
  }
  return text;
}

}  // namespace

std::optional<Requestor> Requestor::Read(HANDLE token) {
  const auto user = Query(token, TokenUser);
  if (!user) {
    return std::nullopt;
  }
  Requestor requestor;
  requestor.sid = SidText(reinterpret_cast<const TOKEN_USER*>(user->data())->User.Sid);
  DWORD session = 0;
  DWORD bytes = 0;
  if (GetTokenInformation(token, TokenSessionId, &session, sizeof session, &bytes)) {
    requestor.session_id = session;
  }
  // A system without mandatory labels (Windows always has them) reads as level 0.
  if (const auto label = Query(token, TokenIntegrityLevel)) {
    PSID sid = reinterpret_cast<const TOKEN_MANDATORY_LABEL*>(label->data())->Label.Sid;
    const UCHAR count = *GetSidSubAuthorityCount(sid);
    requestor.integrity_level = count == 0 ? 0 : *GetSidSubAuthority(sid, count - 1U);
  }
  return requestor;
}

Napi::Object Requestor::ToJavaScript(Napi::Env env) const {
  Napi::Object object = Napi::Object::New(env);
  object.Set("sid", dokan::ToJavaScript(env, sid));
  object.Set("sessionId", Napi::Number::New(env, session_id));
  object.Set("integrityLevel", Napi::Number::New(env, integrity_level));
  object.Set("closed", Napi::Boolean::New(env, false));
  object.Set("close", Napi::Function::New(
                          env,
                          [](const Napi::CallbackInfo& info) {
                            info.This().As<Napi::Object>().Set(
                                "closed", Napi::Boolean::New(info.Env(), true));
                          },
                          "close"));
  return object;
}

}  // namespace dokan
