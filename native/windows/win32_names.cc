#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"

namespace dokan {
namespace {

NTSTATUS SetDisposition(HANDLE handle, bool remove) {
  const BOOLEAN information = remove ? TRUE : FALSE;
  IO_STATUS_BLOCK io = {};
  return nt::FileApi::Get().set_information_file(handle, &io, &information, sizeof information,
                                                 nt::FileClass::kDisposition);
}

// The name goes when this handle closes, not when the last one does.
NTSTATUS SetPosixDisposition(HANDLE handle) {
  const ULONG information = nt::kDispositionDelete | nt::kDispositionPosix;
  IO_STATUS_BLOCK io = {};
  return nt::FileApi::Get().set_information_file(handle, &io, &information, sizeof information,
                                                 nt::FileClass::kDispositionEx);
}

// `flags` as of FileRenameInformationEx.
NTSTATUS Rename(HANDLE handle, HANDLE directory, const std::wstring& name, ULONG flags) {
  const size_t name_bytes = name.size() * sizeof(wchar_t);
  const size_t name_offset = offsetof(nt::RenameInformation, name);
  std::vector<uint8_t> buffer(sizeof(nt::RenameInformation) + name_bytes);
  auto* const information = reinterpret_cast<nt::RenameInformation*>(buffer.data());
  information->flags = flags;
  information->root_directory = directory;
  information->name_length = static_cast<ULONG>(name_bytes);
  std::memcpy(buffer.data() + name_offset, name.data(), name_bytes);
  const bool is_extended = (flags & nt::kRenamePosix) != 0;
  IO_STATUS_BLOCK io = {};
  return nt::FileApi::Get().set_information_file(
      handle, &io, information, static_cast<ULONG>(buffer.size()),
      is_extended ? nt::FileClass::kRenameEx : nt::FileClass::kRename);
}

bool IsSameFile(HANDLE one, HANDLE other) {
  BY_HANDLE_FILE_INFORMATION first = {};
  BY_HANDLE_FILE_INFORMATION second = {};
  return GetFileInformationByHandle(one, &first) != FALSE &&
         GetFileInformationByHandle(other, &second) != FALSE &&
         first.nFileIndexHigh == second.nFileIndexHigh &&
         first.nFileIndexLow == second.nFileIndexLow;
}

// Takes a file's name away and deletes it when its last handle closes, as far as that can be done
// on a file system without POSIX semantics: until then it has another name, out of the way.
NTSTATUS DeleteAside(HANDLE handle, HANDLE directory, const std::wstring& aside) {
  const NTSTATUS status = SetDisposition(handle, true);
  if (!nt::IsSuccess(status)) {
    return status;
  }
  // What is marked cannot be renamed. Where renaming fails, the name just stays as long as the
  // file.
  SetDisposition(handle, false);
  Rename(handle, directory, aside, 0);
  return SetDisposition(handle, true);
}

NTSTATUS DeleteName(HANDLE handle, HANDLE directory, const std::wstring& aside) {
  const NTSTATUS status = SetPosixDisposition(handle);
  return nt::IsUnknownClass(status) ? DeleteAside(handle, directory, aside) : status;
}

// A rename that replaces: a file that is open is in the way, unless NT is told otherwise.
NTSTATUS RenameReplacing(HANDLE handle, const OpenedFile& directory, std::wstring& name,
                         HANDLE aside_directory, const std::wstring& aside) {
  const HANDLE parent = directory.handle.get();
  const NTSTATUS plain = Rename(handle, parent, name, nt::kRenameReplace);
  if (plain != nt::kAccessDenied) {
    return plain;
  }
  const NTSTATUS posix = Rename(handle, parent, name, nt::kRenameReplace | nt::kRenamePosix);
  if (!nt::IsUnknownClass(posix)) {
    return nt::IsSuccess(posix) ? posix : plain;
  }
  OpenRequest request;
  request.access = DELETE;
  request.options = nt::kNonDirectoryFile | nt::kOpenReparsePoint;
  const OpenResult old = OpenRelative(directory, name, request);
  if (!nt::IsSuccess(old.status) || IsSameFile(handle, old.handle.get()) ||
      !nt::IsSuccess(DeleteAside(old.handle.get(), aside_directory, aside))) {
    return plain;
  }
  const NTSTATUS status = Rename(handle, parent, name, 0);
  if (!nt::IsSuccess(status)) {
    SetDisposition(old.handle.get(), false);
    Rename(old.handle.get(), parent, name, 0);
  }
  return status;
}

// NT has a status of its own for what is wrong on the way to a name.
NTSTATUS ForPathOnTheWay(NTSTATUS status) {
  return status == nt::kObjectNameNotFound || status == nt::kNotADirectory ? nt::kObjectPathNotFound
                                                                           : status;
}

}  // namespace

// setDelete(file, remove)
napi_value SetDeleteFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const bool remove = call.Boolean(1, "remove");
  if (call.failed()) {
    return nullptr;
  }
  return call.Status(file == nullptr ? nt::kInvalidHandle
                                     : SetDisposition(file->handle.get(), remove));
}

// deleteNow(file, directory, asideName)
napi_value DeleteNowFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const int32_t number = call.Int32(0, "file");
  const OpenedFile* const directory = call.File(1, "directory");
  FilePath aside;
  call.Path(2, "asideName", &aside);
  if (call.failed()) {
    return nullptr;
  }
  const OpenedFile* const file = call.table().Find(number);
  NTSTATUS status = aside.status();
  if (file == nullptr || directory == nullptr) {
    status = nt::kInvalidHandle;
  } else if (nt::IsSuccess(status)) {
    status = WithAccess(*file, DELETE, [&](HANDLE handle) {
      return DeleteName(handle, directory->handle.get(), aside.text());
    });
  }
  call.table().Remove(number);
  return call.Status(status);
}

// renameFile(file, directory, newPath, replace, asideName)
napi_value RenameFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  const OpenedFile* const directory = call.File(1, "directory");
  FilePath path;
  call.Path(2, "newPath", &path);
  const bool replace = call.Boolean(3, "replace");
  FilePath aside;
  call.Path(4, "asideName", &aside);
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr || directory == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  for (const NTSTATUS status : {path.status(), aside.status()}) {
    if (!nt::IsSuccess(status)) {
      return call.Status(status);
    }
  }
  FilePath parent_path;
  std::wstring name;
  if (!path.Split(&parent_path, &name)) {
    return call.Status(nt::kObjectNameInvalid);
  }
  // NT itself would follow reparse points on the way to the new name: the way is ours to go.
  OpenRequest request;
  request.access = FILE_TRAVERSE | FILE_READ_ATTRIBUTES;
  request.options = nt::kDirectoryFile;
  OpenResult opened = OpenRelative(*directory, parent_path.text(), request);
  if (!nt::IsSuccess(opened.status)) {
    return call.Status(ForPathOnTheWay(opened.status));
  }
  const OpenedFile parent{SharedFileHandle(std::move(opened.handle)), directory->attributes};
  const HANDLE handle = file->handle.get();
  return call.Status(
      replace ? RenameReplacing(handle, parent, name, directory->handle.get(), aside.text())
              : Rename(handle, parent.handle.get(), name, 0));
}

}  // namespace dokan
