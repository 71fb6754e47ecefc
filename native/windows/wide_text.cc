#include "wide_text.h"

#include <windows.h>

namespace dokan {

Napi::String ToJavaScript(Napi::Env env, std::wstring_view text) {
  return Napi::String::New(env, reinterpret_cast<const char16_t*>(text.data()), text.size());
}

std::wstring FromJavaScript(const Napi::String& text) {
  const std::u16string units = text.Utf16Value();
  return std::wstring(reinterpret_cast<const wchar_t*>(units.data()), units.size());
}

std::string ToUtf8(std::wstring_view text) {
  const int units = static_cast<int>(text.size());
  const int bytes =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), units, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<size_t>(bytes), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), units, result.data(), bytes, nullptr, nullptr);
  return result;
}

std::wstring FromBytes(std::string_view text) {
  const int bytes = static_cast<int>(text.size());
  UINT code_page = CP_UTF8;
  int units = MultiByteToWideChar(code_page, MB_ERR_INVALID_CHARS, text.data(), bytes, nullptr, 0);
  if (units == 0) {
    code_page = CP_ACP;
    units = MultiByteToWideChar(code_page, 0, text.data(), bytes, nullptr, 0);
  }
  std::wstring result(static_cast<size_t>(units), L'\0');
  MultiByteToWideChar(code_page, 0, text.data(), bytes, result.data(), units);
  return result;
}

}  // namespace dokan
