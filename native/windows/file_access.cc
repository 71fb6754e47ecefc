#include "file_access.h"

namespace dokan {

OpenResult OpenRelative(const OpenedFile& directory, std::wstring& path,
                        const OpenRequest& request) {
  OpenResult result;
  UNICODE_STRING name = {};
  name.Length = static_cast<USHORT>(path.size() * sizeof(wchar_t));
  name.MaximumLength = name.Length;
  name.Buffer = path.data();
  OBJECT_ATTRIBUTES object = {};
  object.Length = sizeof object;
  object.RootDirectory = directory.handle.get();
  object.ObjectName = &name;
  object.Attributes = directory.attributes;
  object.SecurityDescriptor =
      request.descriptor.empty() ? nullptr : static_cast<void*>(request.descriptor.data());
  IO_STATUS_BLOCK io = {};
  HANDLE handle = nullptr;
  result.status = nt::FileApi::Get().create_file(
      &handle, request.access | SYNCHRONIZE, &object, &io, nullptr, request.attributes,
      request.share, request.disposition, request.options | nt::kSynchronousNonAlert, nullptr, 0);
  if (nt::IsSuccess(result.status)) {
    result.handle = FileHandle(handle);
    result.information = io.Information;
  }
  return result;
}

OpenResult Reopen(const OpenedFile& file, ACCESS_MASK access) {
  std::wstring itself;
  OpenRequest request;
  request.access = access;
  request.options = nt::kOpenReparsePoint;
  return OpenRelative(file, itself, request);
}

}  // namespace dokan
