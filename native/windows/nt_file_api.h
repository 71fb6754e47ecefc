#pragma once

#include <windows.h>
#include <winternl.h>

#include <cstddef>
#include <cstdint>

// The part of NT's native file interface that the file functions use, declared by us: the SDK's
// headers have only some of it, and not in user mode. Names without prefixes, values from ntifs.h.
namespace dokan::nt {

inline constexpr NTSTATUS kSuccess = 0;
inline constexpr NTSTATUS kPending = 0x103;
inline constexpr NTSTATUS kBufferOverflow = static_cast<NTSTATUS>(0x80000005);
inline constexpr NTSTATUS kNoMoreFiles = static_cast<NTSTATUS>(0x80000006);
inline constexpr NTSTATUS kNotImplemented = static_cast<NTSTATUS>(0xC0000002);
inline constexpr NTSTATUS kInvalidInfoClass = static_cast<NTSTATUS>(0xC0000003);
inline constexpr NTSTATUS kInvalidHandle = static_cast<NTSTATUS>(0xC0000008);
inline constexpr NTSTATUS kInvalidParameter = static_cast<NTSTATUS>(0xC000000D);
inline constexpr NTSTATUS kNoSuchFile = static_cast<NTSTATUS>(0xC000000F);
inline constexpr NTSTATUS kInvalidDeviceRequest = static_cast<NTSTATUS>(0xC0000010);
inline constexpr NTSTATUS kEndOfFileReached = static_cast<NTSTATUS>(0xC0000011);
inline constexpr NTSTATUS kNoMemory = static_cast<NTSTATUS>(0xC0000017);
inline constexpr NTSTATUS kAccessDenied = static_cast<NTSTATUS>(0xC0000022);
inline constexpr NTSTATUS kBufferTooSmall = static_cast<NTSTATUS>(0xC0000023);
inline constexpr NTSTATUS kObjectNameInvalid = static_cast<NTSTATUS>(0xC0000033);
inline constexpr NTSTATUS kObjectNameNotFound = static_cast<NTSTATUS>(0xC0000034);
inline constexpr NTSTATUS kObjectPathNotFound = static_cast<NTSTATUS>(0xC000003A);
inline constexpr NTSTATUS kSharingViolation = static_cast<NTSTATUS>(0xC0000043);
inline constexpr NTSTATUS kDeletePending = static_cast<NTSTATUS>(0xC0000056);
inline constexpr NTSTATUS kLockNotGranted = static_cast<NTSTATUS>(0xC0000055);
inline constexpr NTSTATUS kRangeNotLocked = static_cast<NTSTATUS>(0xC000007E);
inline constexpr NTSTATUS kInvalidSecurityDescriptor = static_cast<NTSTATUS>(0xC0000079);
inline constexpr NTSTATUS kDeviceNotReady = static_cast<NTSTATUS>(0xC00000A3);
inline constexpr NTSTATUS kNotSupported = static_cast<NTSTATUS>(0xC00000BB);
inline constexpr NTSTATUS kNotADirectory = static_cast<NTSTATUS>(0xC0000103);
inline constexpr NTSTATUS kNameTooLong = static_cast<NTSTATUS>(0xC0000106);
inline constexpr NTSTATUS kTooManyOpenedFiles = static_cast<NTSTATUS>(0xC000011F);
inline constexpr NTSTATUS kFileDeleted = static_cast<NTSTATUS>(0xC0000123);

// OBJECT_ATTRIBUTES.Attributes. DontReparse (Windows 10 1607) makes the kernel refuse, with
// REPARSE_POINT_ENCOUNTERED, a path that leads through a junction or symbolic link.
inline constexpr ULONG kCaseInsensitive = 0x40;
inline constexpr ULONG kDontReparse = 0x1000;

inline constexpr ULONG kOpen = 1;
inline constexpr ULONG kDirectoryFile = 0x1;
inline constexpr ULONG kSynchronousNonAlert = 0x20;
inline constexpr ULONG kNonDirectoryFile = 0x40;
inline constexpr ULONG kOpenByFileId = 0x2000;
inline constexpr ULONG kOpenReparsePoint = 0x200000;
inline constexpr ULONG kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// IO_STATUS_BLOCK.Information of a create.
inline constexpr ULONG_PTR kCreated = 2;

// FILE_INFORMATION_CLASS
enum class FileClass : ULONG {
  kFullDirectory = 2,
  kBasic = 4,
  kStandard = 5,
  kAccess = 8,
  kRename = 10,
  kDisposition = 13,
  kMode = 16,
  kAll = 18,
  kAllocation = 19,
  kEndOfFile = 20,
  kStream = 22,
  kIdFullDirectory = 38,
  kDispositionEx = 64,
  kRenameEx = 65,
};

// FS_INFORMATION_CLASS
enum class VolumeClass : ULONG { kVolume = 1, kAttribute = 5, kFullSize = 7 };

struct BasicInformation {
  int64_t creation_time;
  int64_t last_access_time;
  int64_t last_write_time;
  int64_t change_time;
  ULONG attributes;
};
static_assert(sizeof(BasicInformation) == 40);

struct StandardInformation {
  int64_t allocation_size;
  int64_t end_of_file;
  ULONG number_of_links;
  BOOLEAN delete_pending;
  BOOLEAN directory;
};
static_assert(sizeof(StandardInformation) == 24);

// FILE_ALL_INFORMATION; the name at its end is of no interest and may not fit.
struct AllInformation {
  BasicInformation basic;
  StandardInformation standard;
  int64_t index_number;
  ULONG ea_size;
  ACCESS_MASK access;
  int64_t current_offset;
  ULONG mode;
  ULONG alignment;
  ULONG name_length;
  WCHAR name[1];
};
static_assert(offsetof(AllInformation, name_length) == 96);

// What FILE_FULL_DIR_INFORMATION and FILE_ID_FULL_DIR_INFORMATION begin with. Behind it come the
// name, or the file's identity and then the name.
struct DirectoryEntry {
  ULONG next_entry_offset;
  ULONG file_index;
  int64_t creation_time;
  int64_t last_access_time;
  int64_t last_write_time;
  int64_t change_time;
  int64_t end_of_file;
  int64_t allocation_size;
  ULONG attributes;
  ULONG name_length;  // Bytes.
  ULONG ea_size;
};
inline constexpr size_t kEntryName = 68;
inline constexpr size_t kEntryIdentity = 72;
inline constexpr size_t kEntryNameAfterIdentity = 80;
static_assert(offsetof(DirectoryEntry, ea_size) + sizeof(ULONG) == kEntryName);

struct StreamInformation {
  ULONG next_entry_offset;
  ULONG name_length;  // Bytes.
  int64_t size;
  int64_t allocation_size;
  WCHAR name[1];
};
static_assert(offsetof(StreamInformation, name) == 24);

// FILE_RENAME_INFORMATION, also of the Ex class: there `flags`, else the first byte is a boolean.
struct RenameInformation {
  ULONG flags;
  HANDLE root_directory;
  ULONG name_length;  // Bytes.
  WCHAR name[1];
};
static_assert(offsetof(RenameInformation, name) == 2 * sizeof(HANDLE) + sizeof(ULONG));

inline constexpr ULONG kRenameReplace = 0x1;
inline constexpr ULONG kRenamePosix = 0x2;
inline constexpr ULONG kDispositionDelete = 0x1;
inline constexpr ULONG kDispositionPosix = 0x2;

struct VolumeInformation {
  int64_t creation_time;
  ULONG serial_number;
  ULONG label_length;  // Bytes.
  BOOLEAN supports_objects;
  WCHAR label[1];
};
static_assert(offsetof(VolumeInformation, label) == 18);

struct AttributeInformation {
  ULONG flags;
  LONG maximum_component_length;
  ULONG name_length;  // Bytes.
  WCHAR name[1];
};

struct FullSizeInformation {
  int64_t total_units;
  int64_t available_units;
  int64_t free_units;
  ULONG sectors_per_unit;
  ULONG bytes_per_sector;
};

// ntdll's functions, found when first needed; ntdll is in every process.
struct FileApi {
  NTSTATUS(NTAPI* create_file)
  (HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, IO_STATUS_BLOCK*, int64_t* allocation_size,
   ULONG attributes, ULONG share, ULONG disposition, ULONG options, void* ea, ULONG ea_length);
  NTSTATUS(NTAPI* read_file)
  (HANDLE, HANDLE event, void* apc, void* apc_context, IO_STATUS_BLOCK*, void*, ULONG,
   int64_t* offset, ULONG* key);
  NTSTATUS(NTAPI* write_file)
  (HANDLE, HANDLE event, void* apc, void* apc_context, IO_STATUS_BLOCK*, const void*, ULONG,
   int64_t* offset, ULONG* key);
  NTSTATUS(NTAPI* flush_buffers_file)(HANDLE, IO_STATUS_BLOCK*);
  NTSTATUS(NTAPI* query_information_file)
  (HANDLE, IO_STATUS_BLOCK*, void*, ULONG, FileClass);
  NTSTATUS(NTAPI* set_information_file)
  (HANDLE, IO_STATUS_BLOCK*, const void*, ULONG, FileClass);
  NTSTATUS(NTAPI* query_directory_file)
  (HANDLE, HANDLE event, void* apc, void* apc_context, IO_STATUS_BLOCK*, void*, ULONG, FileClass,
   BOOLEAN single, UNICODE_STRING* pattern, BOOLEAN restart);
  NTSTATUS(NTAPI* query_volume_information_file)
  (HANDLE, IO_STATUS_BLOCK*, void*, ULONG, VolumeClass);
  NTSTATUS(NTAPI* query_security_object)(HANDLE, ULONG information, void*, ULONG, ULONG* needed);
  NTSTATUS(NTAPI* set_security_object)(HANDLE, ULONG information, const void*);

  static const FileApi& Get();
};

// The file system does not know this class of information, in the words of various ones.
inline bool IsUnknownClass(NTSTATUS status) {
  return status == kInvalidInfoClass || status == kInvalidParameter || status == kNotSupported ||
         status == kNotImplemented || status == kInvalidDeviceRequest;
}

inline bool IsSuccess(NTSTATUS status) {
  return status >= 0;
}

}  // namespace dokan::nt
