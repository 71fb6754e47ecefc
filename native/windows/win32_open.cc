#include <string>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"
#include "security_descriptor.h"

namespace dokan {
namespace {

// What a path of Windows fails to open with. GetLastError has one word for many a status.
NTSTATUS StatusOfLastError() {
  switch (GetLastError()) {
    case ERROR_FILE_NOT_FOUND:
      return nt::kObjectNameNotFound;
    case ERROR_PATH_NOT_FOUND:
      return nt::kObjectPathNotFound;
    case ERROR_SHARING_VIOLATION:
      return nt::kSharingViolation;
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
      return nt::kObjectNameInvalid;
    case ERROR_NOT_READY:
      return nt::kDeviceNotReady;
    default:
      return nt::kAccessDenied;
  }
}

NTSTATUS QueryIsDirectory(HANDLE handle, bool* is_directory) {
  nt::StandardInformation standard = {};
  IO_STATUS_BLOCK io = {};
  const NTSTATUS status = nt::FileApi::Get().query_information_file(
      handle, &io, &standard, sizeof standard, nt::FileClass::kStandard);
  *is_directory = standard.directory != FALSE;
  return status;
}

// The options tell for most opens, which saves a call.
NTSTATUS FindOutKind(const OpenResult& opened, ULONG options, bool* is_directory) {
  const bool asked_directory = (options & nt::kDirectoryFile) != 0;
  if (asked_directory || (options & nt::kNonDirectoryFile) != 0 ||
      opened.information == nt::kCreated) {
    *is_directory = asked_directory;
    return nt::kSuccess;
  }
  return QueryIsDirectory(opened.handle.get(), is_directory);
}

}  // namespace

// openRoot(path, caseSensitive)
napi_value OpenRootFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  FilePath path;
  call.Path(0, "path", &path);
  const bool case_sensitive = call.Boolean(1, "caseSensitive");
  if (call.failed()) {
    return nullptr;
  }
  // Not a relative path: here, what FilePath refuses is right. Only what it cannot hold is not.
  std::wstring& text = path.text();
  if (path.status() == nt::kNameTooLong || text.find(L'\0') != std::wstring::npos) {
    return call.Status(nt::kObjectNameInvalid);
  }
  const HANDLE handle =
      CreateFileW(text.c_str(), FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | FILE_TRAVERSE,
                  nt::kShareAll, nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    return call.Status(StatusOfLastError());
  }
  OpenedFile root{SharedFileHandle(FileHandle(handle)),
                  nt::kDontReparse | (case_sensitive ? 0 : nt::kCaseInsensitive)};
  bool is_directory = false;
  const NTSTATUS status = QueryIsDirectory(handle, &is_directory);
  if (!nt::IsSuccess(status)) {
    return call.Status(status);
  }
  if (!is_directory) {
    return call.Status(nt::kNotADirectory);
  }
  const int32_t number = call.table().Add(std::move(root));
  return number == 0 ? call.Status(nt::kTooManyOpenedFiles) : call.Number(number);
}

// openFile(directory, path, access, attributes, share, disposition, options, descriptor, outcome)
napi_value OpenFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const directory = call.File(0, "directory");
  FilePath path;
  call.Path(1, "path", &path);
  OpenRequest request;
  request.access = call.Uint32(2, "access");
  request.attributes = call.Uint32(3, "attributes");
  request.share = call.Uint32(4, "share");
  request.disposition = call.Uint32(5, "disposition");
  request.options = call.Uint32(6, "options");
  request.descriptor = call.OptionalBytes(7, "securityDescriptor");
  const auto outcome = call.Bytes(8, "outcome");
  if (call.failed()) {
    return nullptr;
  }
  if (directory == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  if (!nt::IsSuccess(path.status())) {
    return call.Status(path.status());
  }
  if (outcome.size() < 2) {
    return call.Status(nt::kBufferTooSmall);
  }
  // The path would be taken for a number, and that for any file of the whole volume.
  if ((request.options & nt::kOpenByFileId) != 0) {
    return call.Status(nt::kInvalidParameter);
  }
  // NT reads it as long as it says it is.
  if (!request.descriptor.empty() && !IsWholeDescriptor(request.descriptor)) {
    return call.Status(nt::kInvalidSecurityDescriptor);
  }
  OpenResult opened = OpenRelative(*directory, path.text(), request);
  bool is_directory = false;
  NTSTATUS status = opened.status;
  if (nt::IsSuccess(status)) {
    status = FindOutKind(opened, request.options, &is_directory);
  }
  if (!nt::IsSuccess(status)) {
    return call.Status(status);
  }
  outcome[0] = static_cast<uint8_t>(opened.information);
  outcome[1] = is_directory ? 1 : 0;
  const int32_t number =
      call.table().Add({SharedFileHandle(std::move(opened.handle)), directory->attributes});
  return number == 0 ? call.Status(nt::kTooManyOpenedFiles) : call.Number(number);
}

// closeFile(file)
napi_value CloseFileFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const int32_t number = call.Int32(0, "file");
  if (call.failed()) {
    return nullptr;
  }
  return call.Status(call.table().Remove(number) ? nt::kSuccess : nt::kInvalidHandle);
}

}  // namespace dokan
