#include "dokan_failure.h"

#include <iterator>

#include "wide_text.h"

namespace dokan {
namespace {

const char* MountMessage(int result) {
  switch (result) {
    case -2:
      return "The drive letter is invalid";
    case -3:
      return "Dokan's driver is not installed: install Dokan, then restart if it asks for it";
    case -4:
      return "Dokan's driver could not be started";
    case -5:
      return "The mount point is in use, or cannot be assigned";
    case -6:
      return "The mount point is invalid, or a network volume has no UNC name";
    case -7:
      return "Dokan's library and driver are of different versions";
    default:
      return "Dokan could not mount the volume";
  }
}

}  // namespace

DokanFailure DokanFailure::Library(const std::wstring& path, DWORD error) {
  DokanFailure failure;
  failure.code = "ELIBRARY";
  failure.message = "Cannot load " + ToUtf8(path) + " (Windows error " + std::to_string(error) +
                    "): install Dokan 2, for example with `winget install dokan-dev.Dokany`";
  failure.win32_error = error;
  failure.detail = path;
  return failure;
}

DokanFailure DokanFailure::Export(const char* name) {
  DokanFailure failure;
  failure.code = "EEXPORT";
  failure.message = std::string("Dokan's library lacks ") + name + ": install a newer Dokan 2";
  failure.detail = std::wstring(name, name + std::char_traits<char>::length(name));
  return failure;
}

DokanFailure DokanFailure::Version(uint32_t version) {
  DokanFailure failure;
  failure.code = "EVERSION";
  failure.message =
      "Dokan's library has version " + std::to_string(version) + ", needed is 2xx: install Dokan 2";
  failure.library_version = version;
  return failure;
}

DokanFailure DokanFailure::Mount(int result, DWORD error) {
  DokanFailure failure;
  failure.code = "EMOUNT";
  failure.message = std::string(MountMessage(result)) + " (DokanCreateFileSystem returned " +
                    std::to_string(result) + ")";
  failure.result = result;
  failure.win32_error = error;
  return failure;
}

DokanFailure DokanFailure::Closed() {
  DokanFailure failure;
  failure.code = "ECLOSED";
  failure.message = "The volume is closed";
  return failure;
}

DokanFailure DokanFailure::NoThread() {
  DokanFailure failure;
  failure.code = "EAGAIN";
  failure.message = "The system gives no further thread";
  return failure;
}

Napi::Error DokanFailure::ToError(Napi::Env env) const {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  if (result) {
    error.Set("result", Napi::Number::New(env, *result));
  }
  if (win32_error) {
    error.Set("win32Error", Napi::Number::New(env, *win32_error));
  }
  if (detail) {
    error.Set("detail", ToJavaScript(env, *detail));
  }
  if (library_version) {
    error.Set("libraryVersion", Napi::Number::New(env, *library_version));
  }
  return error;
}

}  // namespace dokan
