// What is asked about a file and about the volume.

#include <cwchar>

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"

namespace simulator {
namespace {

std::uint64_t Join(DWORD high, DWORD low) {
  return std::uint64_t{high} << 32 | low;
}

std::uint64_t Join(const FILETIME& time) {
  return Join(time.dwHighDateTime, time.dwLowDateTime);
}

// The buffer applications usually give a query for streams.
constexpr std::size_t kStreamBuffer = 32 * 1024;

struct StreamList {
  JsonWriter reply;
  std::size_t used = 0;
  std::size_t last = 0;
  std::size_t capacity = kStreamBuffer;
};

// FILE_STREAM_INFORMATION and the name, rounded up to 8.
std::size_t StreamEntrySize(std::size_t name_length) {
  constexpr std::size_t kHeader = 32;
  return (kHeader + name_length * sizeof(wchar_t) + 7) & ~std::size_t{7};
}

BOOL __stdcall FillStream(WIN32_FIND_STREAM_DATA* found, void* context) {
  auto& list = *static_cast<StreamList*>(context);
  const std::size_t length = wcsnlen(found->cStreamName, std::size(found->cStreamName));
  const std::size_t size = StreamEntrySize(length);
  if (list.used + size > list.capacity) return FALSE;
  list.used += size;
  list.reply.BeginObject();
  list.reply.Text("name", {found->cStreamName, length});
  list.reply.Number("size", found->StreamSize.QuadPart);
  list.reply.EndObject();
  return TRUE;
}

struct VolumeInformation {
  wchar_t label[MAX_PATH] = {};
  wchar_t file_system[MAX_PATH] = {};
  DWORD serial = 0;
  DWORD max_component = 0;
  DWORD flags = 0;
};

NtStatus AskVolume(Request& request, VolumeInformation& volume) {
  NtStatus result = status::kNotImplemented;
  if (request.operations().GetVolumeInformation != nullptr) {
    result = Call(Callback::kGetVolumeInformation, request.operations().GetVolumeInformation,
                  volume.label, static_cast<DWORD>(MAX_PATH), &volume.serial, &volume.max_component,
                  &volume.flags, volume.file_system, static_cast<DWORD>(MAX_PATH), &request.info);
  }
  if (result != status::kNotImplemented) return result;
  std::wcscpy(volume.label, L"DOKAN");
  std::wcscpy(volume.file_system, L"NTFS");
  volume.serial = 0x19831116;
  volume.max_component = 256;
  // Case-sensitive search, case-preserved names, Unicode on disk, remote storage.
  volume.flags = 0x1 | 0x2 | 0x4 | 0x100;
  return status::kSuccess;
}

}  // namespace

NtStatus RunQueryInformation(Request& request) {
  if (request.operations().GetFileInformation == nullptr) {
    request.never_completed = true;
    return status::kNotImplemented;
  }
  BY_HANDLE_FILE_INFORMATION found = {};
  const NtStatus result =
      Call(Callback::kGetFileInformation, request.operations().GetFileInformation,
           request.name.c_str(), &found, &request.info);
  if (result != status::kSuccess) return status::kInvalidParameter;
  const auto size = static_cast<std::int64_t>(Join(found.nFileSizeHigh, found.nFileSizeLow));
  const std::int64_t unit = request.options().allocation_unit_size;
  const std::int64_t beyond = size % unit;
  JsonWriter& reply = request.reply;
  reply.Number("attributes", found.dwFileAttributes);
  reply.Decimal("creationTime", Join(found.ftCreationTime));
  reply.Decimal("lastAccessTime", Join(found.ftLastAccessTime));
  reply.Decimal("lastWriteTime", Join(found.ftLastWriteTime));
  reply.Number("size", size);
  reply.Number("allocationSize", beyond > 0 ? size + unit - beyond : size);
  reply.Number("links", found.nNumberOfLinks);
  reply.Decimal("index", Join(found.nFileIndexHigh, found.nFileIndexLow));
  reply.Flag("deletePending", false);
  reply.Flag("isDirectory", (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
  return result;
}

NtStatus RunQueryStreams(Request& request) {
  if (request.operations().FindStreams == nullptr) {
    request.never_completed = true;
    return status::kNotImplemented;
  }
  StreamList list;
  list.capacity = request.fields.Unsigned("bufferLength", kStreamBuffer);
  // The reply is written as the streams come, and thrown away when the callback fails.
  list.reply = request.reply;
  list.reply.BeginArray("streams");
  NtStatus result =
      Call(Callback::kFindStreams, request.operations().FindStreams, request.name.c_str(),
           &FillStream, static_cast<void*>(&list), &request.info);
  list.reply.EndArray();
  if (result == status::kPending) result = status::kInternalError;
  if (result == status::kSuccess) request.reply = std::move(list.reply);
  return result;
}

// The driver keeps label and serial from one kind of query and the rest from another.
NtStatus RunQueryVolume(Request& request) {
  VolumeInformation first;
  AskVolume(request, first);
  VolumeInformation second;
  const NtStatus result = AskVolume(request, second);
  if (result != status::kSuccess) return result;
  JsonWriter& reply = request.reply;
  reply.Text("label", {first.label, wcsnlen(first.label, MAX_PATH)});
  reply.Number("serial", first.serial);
  reply.Number("maxComponent", second.max_component);
  reply.Number("flags", second.flags);
  reply.Text("fileSystemName", {second.file_system, wcsnlen(second.file_system, MAX_PATH)});
  return result;
}

NtStatus RunQuerySize(Request& request) {
  constexpr ULONGLONG kMebibyte = 1024 * 1024;
  ULONGLONG available = 0;
  ULONGLONG total = 0;
  ULONGLONG free = 0;
  NtStatus result = status::kNotImplemented;
  if (request.operations().GetDiskFreeSpace != nullptr) {
    result = Call(Callback::kGetDiskFreeSpace, request.operations().GetDiskFreeSpace, &available,
                  &total, &free, &request.info);
  }
  if (result == status::kNotImplemented) {
    available = 512 * kMebibyte;
    total = 1024 * kMebibyte;
    free = 512 * kMebibyte;
    result = status::kSuccess;
  }
  if (result != status::kSuccess) return result;
  // The driver is told numbers of units.
  const ULONGLONG unit = request.options().allocation_unit_size;
  JsonWriter& reply = request.reply;
  reply.Number("available", static_cast<std::int64_t>(available / unit * unit));
  reply.Number("total", static_cast<std::int64_t>(total / unit * unit));
  reply.Number("free", static_cast<std::int64_t>(free / unit * unit));
  reply.Number("allocationUnitSize", static_cast<std::int64_t>(unit));
  reply.Number("sectorSize", request.options().sector_size);
  return result;
}

}  // namespace simulator
