#pragma once

#include <napi.h>
#include <windows.h>

#include <optional>
#include <string>

namespace dokan {

// Why something of Dokan's failed; lib/hosts/dokan/native.ts documents the error that JavaScript
// sees. Made on any thread, turned into an error on the JS thread.
struct DokanFailure {
  const char* code = "";
  std::string message;
  std::optional<int> result;
  std::optional<DWORD> win32_error;
  std::optional<std::wstring> detail;
  std::optional<uint32_t> library_version;

  static DokanFailure Library(const std::wstring& path, DWORD error);
  static DokanFailure Export(const char* name);
  static DokanFailure Version(uint32_t version);
  static DokanFailure Mount(int result, DWORD error);
  static DokanFailure Closed();
  static DokanFailure NoThread();

  Napi::Error ToError(Napi::Env env) const;
};

}  // namespace dokan
