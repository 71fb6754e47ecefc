// The exports that go with a request or a running volume.

#include <cstring>
#include <cwchar>
#include <string>

#include "callbacks.h"
#include "dispatch.h"
#include "driver.h"
#include "exports.h"
#include "tokens.h"

namespace {

using simulator::Driver;
using simulator::FileInfo;
using simulator::Request;
using simulator::Volume;

constexpr std::uint32_t kFileName = 1;
constexpr std::uint32_t kDirectoryName = 2;
constexpr std::uint32_t kAttributes = 4;

constexpr std::uint32_t kAdded = 1;
constexpr std::uint32_t kRemoved = 2;
constexpr std::uint32_t kModified = 3;
constexpr std::uint32_t kRenamedOldName = 4;
constexpr std::uint32_t kRenamedNewName = 5;

// The request a file info belongs to, while it runs.
Request* RunningRequest(const FileInfo* info, const char* call) {
  if (info != nullptr && info->dokan_context != 0) {
    auto* request = reinterpret_cast<Request*>(static_cast<std::uintptr_t>(info->dokan_context));
    for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
      if (volume->Runs(request)) return request;
    }
  }
  Driver::Get().Misuse(std::wstring(call, call + std::strlen(call)) + L" without its request");
  SetLastError(ERROR_INVALID_PARAMETER);
  return nullptr;
}

BOOL Notify(void* handle, const wchar_t* path, std::uint32_t filter, std::uint32_t action) {
  if (handle == nullptr || path == nullptr) return FALSE;
  const std::shared_ptr<Volume> volume = Driver::Get().Resolve(handle, "DokanNotify");
  if (simulator::InCallback()) Driver::Get().Misuse(L"DokanNotify within a callback");
  // Room for a letter and its colon, whatever stands there.
  constexpr std::size_t kPrefix = 2;
  if (std::wcslen(path) <= kPrefix || !volume->mounted()) return FALSE;
  Driver::Get().Notify({volume->id(), filter, action, path + kPrefix});
  return TRUE;
}

std::uint32_t NameFilter(BOOL is_directory) {
  return is_directory != FALSE ? kDirectoryName : kFileName;
}

}  // namespace

SIMULATOR_EXPORT(BOOL) DokanResetTimeout(ULONG milliseconds, FileInfo* info) {
  SIMULATOR_MAY_FAIL("DokanResetTimeout", BOOL);
  const Request* request = RunningRequest(info, "DokanResetTimeout");
  if (request == nullptr) return FALSE;
  Driver::Get().RecordReset({request->volume->id(), request->id, milliseconds});
  return request->volume->ResetTimeout(request, milliseconds);
}

SIMULATOR_EXPORT(HANDLE) DokanOpenRequestorToken(FileInfo* info) {
  SIMULATOR_MAY_FAIL("DokanOpenRequestorToken", HANDLE);
  const Request* request = RunningRequest(info, "DokanOpenRequestorToken");
  if (request == nullptr) return INVALID_HANDLE_VALUE;
  if (request->operation->run != &simulator::RunCreate) {
    SetLastError(ERROR_INVALID_PARAMETER);
    return INVALID_HANDLE_VALUE;
  }
  return simulator::OpenToken();
}

SIMULATOR_EXPORT(BOOL)
DokanNotifyCreate(void* handle, const wchar_t* path, BOOL is_directory) {
  SIMULATOR_MAY_FAIL("DokanNotifyCreate", BOOL);
  return Notify(handle, path, NameFilter(is_directory), kAdded);
}

SIMULATOR_EXPORT(BOOL)
DokanNotifyDelete(void* handle, const wchar_t* path, BOOL is_directory) {
  SIMULATOR_MAY_FAIL("DokanNotifyDelete", BOOL);
  return Notify(handle, path, NameFilter(is_directory), kRemoved);
}

SIMULATOR_EXPORT(BOOL) DokanNotifyUpdate(void* handle, const wchar_t* path) {
  SIMULATOR_MAY_FAIL("DokanNotifyUpdate", BOOL);
  return Notify(handle, path, kAttributes, kModified);
}

SIMULATOR_EXPORT(BOOL) DokanNotifyXAttrUpdate(void* handle, const wchar_t* path) {
  SIMULATOR_MAY_FAIL("DokanNotifyXAttrUpdate", BOOL);
  return Notify(handle, path, kAttributes, kModified);
}

SIMULATOR_EXPORT(BOOL)
DokanNotifyRename(void* handle, const wchar_t* old_path, const wchar_t* new_path, BOOL is_directory,
                  BOOL same_directory) {
  SIMULATOR_MAY_FAIL("DokanNotifyRename", BOOL);
  const bool moved = same_directory == FALSE;
  const std::uint32_t filter = NameFilter(is_directory);
  const BOOL told_old = Notify(handle, old_path, filter, moved ? kRemoved : kRenamedOldName);
  const BOOL told_new = Notify(handle, new_path, filter, moved ? kAdded : kRenamedNewName);
  return told_old & told_new;
}
