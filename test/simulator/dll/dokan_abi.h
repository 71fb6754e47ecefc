// The binary interface of Dokan's user-mode library, as this stand-in for it understands it.
// Deliberately not shared with the addon: two declarations made apart from each other, so that a
// mistake in one shows as soon as they meet.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_DOKAN_ABI_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_DOKAN_ABI_H_

// winsock2.h has to come before windows.h, which would bring its predecessor.
// clang-format off
#include <winsock2.h>
#include <windows.h>
// clang-format on

// windows.h defines these as macros for their wide forms.
#undef CreateFile
#undef DeleteFile
#undef MoveFile
#undef GetDiskFreeSpace
#undef GetVolumeInformation
#undef GetFileSecurity
#undef SetFileSecurity
#undef SetFileAttributes

#include <cstddef>
#include <cstdint>

namespace simulator {

using NtStatus = std::int32_t;

constexpr std::uint32_t kLibraryVersion = 231;
constexpr std::uint32_t kMinimumVersion = 200;
constexpr std::uint32_t kDriverVersion = 0x190;

constexpr std::uint32_t kVolumeSecurityDescriptorMax = 16 * 1024;

// DOKAN_OPTIONS.Options
enum Option : std::uint32_t {
  kOptionDebug = 1u << 0,
  kOptionStdErr = 1u << 1,
  kOptionAltStream = 1u << 2,
  kOptionWriteProtect = 1u << 3,
  kOptionNetwork = 1u << 4,
  kOptionRemovable = 1u << 5,
  kOptionMountManager = 1u << 6,
  kOptionCurrentSession = 1u << 7,
  kOptionFileLockUserMode = 1u << 8,
  kOptionCaseSensitive = 1u << 9,
  kOptionNetworkUnmount = 1u << 10,
  kOptionDriverLogs = 1u << 11,
  kOptionIpcBatching = 1u << 12,
};

// Results of DokanCreateFileSystem
enum MountResult : int {
  kMountSuccess = 0,
  kMountError = -1,
  kMountDriveLetterError = -2,
  kMountDriverInstallError = -3,
  kMountStartError = -4,
  kMountMountError = -5,
  kMountMountPointError = -6,
  kMountVersionError = -7,
};

constexpr DWORD kExceptionNotInitialized = 0x0f0ff0ff;
constexpr DWORD kExceptionInitializationFailed = 0x0fbadbad;
constexpr DWORD kExceptionShutdownFailed = 0x0fbadf00;

struct Options {
  USHORT version;
  BOOLEAN single_thread;
  ULONG options;
  ULONG64 global_context;
  const wchar_t* mount_point;
  const wchar_t* unc_name;
  ULONG timeout;
  ULONG allocation_unit_size;
  ULONG sector_size;
  ULONG volume_security_descriptor_length;
  CHAR volume_security_descriptor[kVolumeSecurityDescriptorMax];
};

struct FileInfo {
  ULONG64 context;
  ULONG64 dokan_context;
  Options* dokan_options;
  void* processing_context;
  ULONG process_id;
  UCHAR is_directory;
  UCHAR delete_pending;
  UCHAR paging_io;
  UCHAR synchronous_io;
  UCHAR no_cache;
  UCHAR write_to_end_of_file;
};

struct UnicodeString {
  USHORT length;
  USHORT maximum_length;
  wchar_t* buffer;
};

struct AccessState {
  BOOLEAN security_evaluated;
  BOOLEAN generate_audit;
  BOOLEAN generate_on_close;
  BOOLEAN audit_privileges;
  ULONG flags;
  ACCESS_MASK remaining_desired_access;
  ACCESS_MASK previously_granted_access;
  ACCESS_MASK original_desired_access;
  void* security_descriptor;
  UnicodeString object_name;
  UnicodeString object_type;
};

struct IoSecurityContext {
  AccessState access_state;
  ACCESS_MASK desired_access;
};

struct MountPointInfo {
  ULONG type;
  wchar_t mount_point[260];
  wchar_t unc_name[64];
  wchar_t device_name[64];
  ULONG session_id;
  ULONG mount_options;
};

using FillFindData = int(__stdcall*)(WIN32_FIND_DATAW*, FileInfo*);
using FillFindStreamData = BOOL(__stdcall*)(WIN32_FIND_STREAM_DATA*, void*);

struct Operations {
  NtStatus(__stdcall* ZwCreateFile)(const wchar_t*, IoSecurityContext*, ACCESS_MASK, ULONG, ULONG,
                                    ULONG, ULONG, FileInfo*);
  void(__stdcall* Cleanup)(const wchar_t*, FileInfo*);
  void(__stdcall* CloseFile)(const wchar_t*, FileInfo*);
  NtStatus(__stdcall* ReadFile)(const wchar_t*, void*, DWORD, DWORD*, LONGLONG, FileInfo*);
  NtStatus(__stdcall* WriteFile)(const wchar_t*, const void*, DWORD, DWORD*, LONGLONG, FileInfo*);
  NtStatus(__stdcall* FlushFileBuffers)(const wchar_t*, FileInfo*);
  NtStatus(__stdcall* GetFileInformation)(const wchar_t*, BY_HANDLE_FILE_INFORMATION*, FileInfo*);
  NtStatus(__stdcall* FindFiles)(const wchar_t*, FillFindData, FileInfo*);
  NtStatus(__stdcall* FindFilesWithPattern)(const wchar_t*, const wchar_t*, FillFindData,
                                            FileInfo*);
  NtStatus(__stdcall* SetFileAttributes)(const wchar_t*, DWORD, FileInfo*);
  NtStatus(__stdcall* SetFileTime)(const wchar_t*, const FILETIME*, const FILETIME*,
                                   const FILETIME*, FileInfo*);
  NtStatus(__stdcall* DeleteFile)(const wchar_t*, FileInfo*);
  NtStatus(__stdcall* DeleteDirectory)(const wchar_t*, FileInfo*);
  NtStatus(__stdcall* MoveFile)(const wchar_t*, const wchar_t*, BOOL, FileInfo*);
  NtStatus(__stdcall* SetEndOfFile)(const wchar_t*, LONGLONG, FileInfo*);
  NtStatus(__stdcall* SetAllocationSize)(const wchar_t*, LONGLONG, FileInfo*);
  NtStatus(__stdcall* LockFile)(const wchar_t*, LONGLONG, LONGLONG, FileInfo*);
  NtStatus(__stdcall* UnlockFile)(const wchar_t*, LONGLONG, LONGLONG, FileInfo*);
  NtStatus(__stdcall* GetDiskFreeSpace)(ULONGLONG*, ULONGLONG*, ULONGLONG*, FileInfo*);
  NtStatus(__stdcall* GetVolumeInformation)(wchar_t*, DWORD, DWORD*, DWORD*, DWORD*, wchar_t*,
                                            DWORD, FileInfo*);
  NtStatus(__stdcall* Mounted)(const wchar_t*, FileInfo*);
  NtStatus(__stdcall* Unmounted)(FileInfo*);
  NtStatus(__stdcall* GetFileSecurity)(const wchar_t*, SECURITY_INFORMATION*, void*, ULONG, ULONG*,
                                       FileInfo*);
  NtStatus(__stdcall* SetFileSecurity)(const wchar_t*, SECURITY_INFORMATION*, void*, ULONG,
                                       FileInfo*);
  NtStatus(__stdcall* FindStreams)(const wchar_t*, FillFindStreamData, void*, FileInfo*);
};

// The figures a C compiler printed for the library's own header on x86_64 Windows.
#define SIMULATOR_FIELD(type, field, at, bytes)                    \
  static_assert(offsetof(type, field) == (at), #type "::" #field); \
  static_assert(sizeof(type::field) == (bytes), #type "::" #field)

static_assert(sizeof(Options) == 16432);
SIMULATOR_FIELD(Options, version, 0, 2);
SIMULATOR_FIELD(Options, single_thread, 2, 1);
SIMULATOR_FIELD(Options, options, 4, 4);
SIMULATOR_FIELD(Options, global_context, 8, 8);
SIMULATOR_FIELD(Options, mount_point, 16, 8);
SIMULATOR_FIELD(Options, unc_name, 24, 8);
SIMULATOR_FIELD(Options, timeout, 32, 4);
SIMULATOR_FIELD(Options, allocation_unit_size, 36, 4);
SIMULATOR_FIELD(Options, sector_size, 40, 4);
SIMULATOR_FIELD(Options, volume_security_descriptor_length, 44, 4);
SIMULATOR_FIELD(Options, volume_security_descriptor, 48, 16384);

static_assert(sizeof(FileInfo) == 48);
SIMULATOR_FIELD(FileInfo, context, 0, 8);
SIMULATOR_FIELD(FileInfo, dokan_context, 8, 8);
SIMULATOR_FIELD(FileInfo, dokan_options, 16, 8);
SIMULATOR_FIELD(FileInfo, processing_context, 24, 8);
SIMULATOR_FIELD(FileInfo, process_id, 32, 4);
SIMULATOR_FIELD(FileInfo, is_directory, 36, 1);
SIMULATOR_FIELD(FileInfo, delete_pending, 37, 1);
SIMULATOR_FIELD(FileInfo, paging_io, 38, 1);
SIMULATOR_FIELD(FileInfo, synchronous_io, 39, 1);
SIMULATOR_FIELD(FileInfo, no_cache, 40, 1);
SIMULATOR_FIELD(FileInfo, write_to_end_of_file, 41, 1);

static_assert(sizeof(AccessState) == 64);
SIMULATOR_FIELD(AccessState, security_evaluated, 0, 1);
SIMULATOR_FIELD(AccessState, generate_audit, 1, 1);
SIMULATOR_FIELD(AccessState, generate_on_close, 2, 1);
SIMULATOR_FIELD(AccessState, audit_privileges, 3, 1);
SIMULATOR_FIELD(AccessState, flags, 4, 4);
SIMULATOR_FIELD(AccessState, remaining_desired_access, 8, 4);
SIMULATOR_FIELD(AccessState, previously_granted_access, 12, 4);
SIMULATOR_FIELD(AccessState, original_desired_access, 16, 4);
SIMULATOR_FIELD(AccessState, security_descriptor, 24, 8);
SIMULATOR_FIELD(AccessState, object_name, 32, 16);
SIMULATOR_FIELD(AccessState, object_type, 48, 16);

static_assert(sizeof(IoSecurityContext) == 72);
SIMULATOR_FIELD(IoSecurityContext, access_state, 0, 64);
SIMULATOR_FIELD(IoSecurityContext, desired_access, 64, 4);

static_assert(sizeof(MountPointInfo) == 788);
SIMULATOR_FIELD(MountPointInfo, type, 0, 4);
SIMULATOR_FIELD(MountPointInfo, mount_point, 4, 520);
SIMULATOR_FIELD(MountPointInfo, unc_name, 524, 128);
SIMULATOR_FIELD(MountPointInfo, device_name, 652, 128);
SIMULATOR_FIELD(MountPointInfo, session_id, 780, 4);
SIMULATOR_FIELD(MountPointInfo, mount_options, 784, 4);

static_assert(sizeof(WIN32_FIND_DATAW) == 592);
SIMULATOR_FIELD(WIN32_FIND_DATAW, dwFileAttributes, 0, 4);
SIMULATOR_FIELD(WIN32_FIND_DATAW, ftCreationTime, 4, 8);
SIMULATOR_FIELD(WIN32_FIND_DATAW, ftLastAccessTime, 12, 8);
SIMULATOR_FIELD(WIN32_FIND_DATAW, ftLastWriteTime, 20, 8);
SIMULATOR_FIELD(WIN32_FIND_DATAW, nFileSizeHigh, 28, 4);
SIMULATOR_FIELD(WIN32_FIND_DATAW, nFileSizeLow, 32, 4);
SIMULATOR_FIELD(WIN32_FIND_DATAW, dwReserved0, 36, 4);
SIMULATOR_FIELD(WIN32_FIND_DATAW, dwReserved1, 40, 4);
SIMULATOR_FIELD(WIN32_FIND_DATAW, cFileName, 44, 520);
SIMULATOR_FIELD(WIN32_FIND_DATAW, cAlternateFileName, 564, 28);

static_assert(sizeof(WIN32_FIND_STREAM_DATA) == 600);
SIMULATOR_FIELD(WIN32_FIND_STREAM_DATA, StreamSize, 0, 8);
SIMULATOR_FIELD(WIN32_FIND_STREAM_DATA, cStreamName, 8, 592);

static_assert(sizeof(BY_HANDLE_FILE_INFORMATION) == 52);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, dwFileAttributes, 0, 4);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, ftCreationTime, 4, 8);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, ftLastAccessTime, 12, 8);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, ftLastWriteTime, 20, 8);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, dwVolumeSerialNumber, 28, 4);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, nFileSizeHigh, 32, 4);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, nFileSizeLow, 36, 4);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, nNumberOfLinks, 40, 4);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, nFileIndexHigh, 44, 4);
SIMULATOR_FIELD(BY_HANDLE_FILE_INFORMATION, nFileIndexLow, 48, 4);

static_assert(sizeof(Operations) == 200);
#define SIMULATOR_CALLBACK(name, index) \
  static_assert(offsetof(Operations, name) == 8 * (index), "Operations::" #name)
SIMULATOR_CALLBACK(ZwCreateFile, 0);
SIMULATOR_CALLBACK(Cleanup, 1);
SIMULATOR_CALLBACK(CloseFile, 2);
SIMULATOR_CALLBACK(ReadFile, 3);
SIMULATOR_CALLBACK(WriteFile, 4);
SIMULATOR_CALLBACK(FlushFileBuffers, 5);
SIMULATOR_CALLBACK(GetFileInformation, 6);
SIMULATOR_CALLBACK(FindFiles, 7);
SIMULATOR_CALLBACK(FindFilesWithPattern, 8);
SIMULATOR_CALLBACK(SetFileAttributes, 9);
SIMULATOR_CALLBACK(SetFileTime, 10);
SIMULATOR_CALLBACK(DeleteFile, 11);
SIMULATOR_CALLBACK(DeleteDirectory, 12);
SIMULATOR_CALLBACK(MoveFile, 13);
SIMULATOR_CALLBACK(SetEndOfFile, 14);
SIMULATOR_CALLBACK(SetAllocationSize, 15);
SIMULATOR_CALLBACK(LockFile, 16);
SIMULATOR_CALLBACK(UnlockFile, 17);
SIMULATOR_CALLBACK(GetDiskFreeSpace, 18);
SIMULATOR_CALLBACK(GetVolumeInformation, 19);
SIMULATOR_CALLBACK(Mounted, 20);
SIMULATOR_CALLBACK(Unmounted, 21);
SIMULATOR_CALLBACK(GetFileSecurity, 22);
SIMULATOR_CALLBACK(SetFileSecurity, 23);
SIMULATOR_CALLBACK(FindStreams, 24);

#undef SIMULATOR_FIELD
#undef SIMULATOR_CALLBACK

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_DOKAN_ABI_H_
