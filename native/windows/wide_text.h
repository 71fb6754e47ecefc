#pragma once

#include <napi.h>

#include <string>
#include <string_view>

namespace dokan {

// UTF-16 as JavaScript has it, lone surrogates included.
Napi::String ToJavaScript(Napi::Env env, std::wstring_view text);
std::wstring FromJavaScript(const Napi::String& text);

// For messages only: a lone surrogate becomes U+FFFD.
std::string ToUtf8(std::wstring_view text);

// UTF-8, or what is in the system's code page and cannot be UTF-8.
std::wstring FromBytes(std::string_view text);

}  // namespace dokan
