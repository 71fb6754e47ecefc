// What is changed about a file without touching its data.

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"

namespace simulator {
namespace {

FILETIME Time(const Request& request, const char* field) {
  const std::uint64_t time = request.fields.Unsigned(field);
  return {static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
}

bool IsReadOnly(Request& request) {
  const Operations& operations = request.operations();
  if (operations.GetFileInformation == nullptr) return false;
  BY_HANDLE_FILE_INFORMATION found = {};
  const NtStatus result = Call(Callback::kGetFileInformation, operations.GetFileInformation,
                               request.name.c_str(), &found, &request.info);
  return result == status::kSuccess && (found.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0;
}

NtStatus AskDelete(Request& request, bool wanted) {
  const Operations& operations = request.operations();
  if (operations.DeleteFile == nullptr || operations.DeleteDirectory == nullptr) {
    return status::kNotImplemented;
  }
  if (wanted && IsReadOnly(request)) return status::kCannotDelete;
  request.info.delete_pending = wanted ? 1 : 0;
  return request.info.is_directory != 0
             ? Call(Callback::kDeleteDirectory, operations.DeleteDirectory, request.name.c_str(),
                    &request.info)
             : Call(Callback::kDeleteFile, operations.DeleteFile, request.name.c_str(),
                    &request.info);
}

}  // namespace

NtStatus RunSetBasic(Request& request) {
  const Operations& operations = request.operations();
  if (operations.SetFileAttributes == nullptr || operations.SetFileTime == nullptr) {
    return status::kNotImplemented;
  }
  const DWORD attributes = request.fields.Word("attributes");
  const NtStatus result = Call(Callback::kSetFileAttributes, operations.SetFileAttributes,
                               request.name.c_str(), attributes, &request.info);
  if (result != status::kSuccess) return result;
  const FILETIME creation = Time(request, "creationTime");
  const FILETIME access = Time(request, "lastAccessTime");
  const FILETIME write = Time(request, "lastWriteTime");
  return Call(Callback::kSetFileTime, operations.SetFileTime, request.name.c_str(), &creation,
              &access, &write, &request.info);
}

NtStatus RunSetAllocation(Request& request) {
  if (request.operations().SetAllocationSize == nullptr) return status::kNotImplemented;
  return Call(Callback::kSetAllocationSize, request.operations().SetAllocationSize,
              request.name.c_str(), request.fields.Integer("size"), &request.info);
}

NtStatus RunSetEndOfFile(Request& request) {
  if (request.operations().SetEndOfFile == nullptr) return status::kNotImplemented;
  return Call(Callback::kSetEndOfFile, request.operations().SetEndOfFile, request.name.c_str(),
              request.fields.Integer("size"), &request.info);
}

NtStatus RunSetDisposition(Request& request) {
  const bool wanted = request.fields.Flag("delete");
  const NtStatus result = AskDelete(request, wanted);
  // Whatever the callback made of DeletePending, the driver hears what it asked for.
  request.reply.Flag("deletePending", result == status::kSuccess && wanted);
  return result;
}

NtStatus RunRename(Request& request) {
  if (request.operations().MoveFile == nullptr) return status::kNotImplemented;
  // The new name comes as the driver has it; the flags are one byte by the time they get here.
  const BOOL replace = static_cast<BOOL>(request.fields.Word("flags") & 0xff);
  return Call(Callback::kMoveFile, request.operations().MoveFile, request.name.c_str(),
              request.fields.Text("newName").c_str(), replace, &request.info);
}

}  // namespace simulator
