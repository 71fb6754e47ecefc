#pragma once

#include <windows.h>
#include <winternl.h>

#include <cstddef>
#include <cstdint>

// The binary interface of Dokan's user-mode library, version 2, in our own words. Every size and
// offset that matters is checked below, for 64-bit Windows, the only one the addon is built for.
// C++ names, not Dokan's: <windows.h> has macros for half of those (DeleteFile, MoveFile...).
namespace dokan::abi {

using Handle = void*;

// What makes DokanCreateFileSystem accept us is not our version but this lower limit.
inline constexpr uint32_t kMajorVersion = 2;

inline constexpr size_t kMaximumDescriptor = 16 * 1024;

// Options::options, as far as native code looks at them.
inline constexpr uint32_t kOptionDebug = 1U << 0;
inline constexpr uint32_t kOptionDriverLogs = 1U << 11;

// DOKAN_OPTIONS
struct Options {
  USHORT version;
  BOOLEAN single_thread;
  ULONG options;
  ULONG64 global_context;
  LPCWSTR mount_point;
  LPCWSTR unc_name;
  ULONG timeout;
  ULONG allocation_unit_size;
  ULONG sector_size;
  ULONG volume_security_descriptor_length;
  CHAR volume_security_descriptor[kMaximumDescriptor];
};
static_assert(sizeof(Options) == 16432);
static_assert(offsetof(Options, version) == 0 && sizeof(Options::version) == 2);
static_assert(offsetof(Options, single_thread) == 2 && sizeof(Options::single_thread) == 1);
static_assert(offsetof(Options, options) == 4 && sizeof(Options::options) == 4);
static_assert(offsetof(Options, global_context) == 8 && sizeof(Options::global_context) == 8);
static_assert(offsetof(Options, mount_point) == 16 && sizeof(Options::mount_point) == 8);
static_assert(offsetof(Options, unc_name) == 24 && sizeof(Options::unc_name) == 8);
static_assert(offsetof(Options, timeout) == 32 && sizeof(Options::timeout) == 4);
static_assert(offsetof(Options, allocation_unit_size) == 36 &&
              sizeof(Options::allocation_unit_size) == 4);
static_assert(offsetof(Options, sector_size) == 40 && sizeof(Options::sector_size) == 4);
static_assert(offsetof(Options, volume_security_descriptor_length) == 44 &&
              sizeof(Options::volume_security_descriptor_length) == 4);
static_assert(offsetof(Options, volume_security_descriptor) == 48 &&
              sizeof(Options::volume_security_descriptor) == 16384);

// DOKAN_FILE_INFO
struct FileInfo {
  ULONG64 context;
  ULONG64 dokan_context;
  Options* dokan_options;
  PVOID processing_context;
  ULONG process_id;
  UCHAR is_directory;
  UCHAR delete_pending;
  UCHAR paging_io;
  UCHAR synchronous_io;
  UCHAR no_cache;
  UCHAR write_to_end_of_file;
};
static_assert(sizeof(FileInfo) == 48);
static_assert(offsetof(FileInfo, context) == 0 && sizeof(FileInfo::context) == 8);
static_assert(offsetof(FileInfo, dokan_context) == 8 && sizeof(FileInfo::dokan_context) == 8);
static_assert(offsetof(FileInfo, dokan_options) == 16 && sizeof(FileInfo::dokan_options) == 8);
static_assert(offsetof(FileInfo, processing_context) == 24 &&
              sizeof(FileInfo::processing_context) == 8);
static_assert(offsetof(FileInfo, process_id) == 32 && sizeof(FileInfo::process_id) == 4);
static_assert(offsetof(FileInfo, is_directory) == 36 && sizeof(FileInfo::is_directory) == 1);
static_assert(offsetof(FileInfo, delete_pending) == 37 && sizeof(FileInfo::delete_pending) == 1);
static_assert(offsetof(FileInfo, paging_io) == 38 && sizeof(FileInfo::paging_io) == 1);
static_assert(offsetof(FileInfo, synchronous_io) == 39 && sizeof(FileInfo::synchronous_io) == 1);
static_assert(offsetof(FileInfo, no_cache) == 40 && sizeof(FileInfo::no_cache) == 1);
static_assert(offsetof(FileInfo, write_to_end_of_file) == 41 &&
              sizeof(FileInfo::write_to_end_of_file) == 1);

// DOKAN_ACCESS_STATE
struct AccessState {
  BOOLEAN security_evaluated;
  BOOLEAN generate_audit;
  BOOLEAN generate_on_close;
  BOOLEAN audit_privileges;
  ULONG flags;
  ACCESS_MASK remaining_desired_access;
  ACCESS_MASK previously_granted_access;
  ACCESS_MASK original_desired_access;
  PSECURITY_DESCRIPTOR security_descriptor;
  UNICODE_STRING object_name;
  UNICODE_STRING object_type;
};
static_assert(sizeof(AccessState) == 64);
static_assert(offsetof(AccessState, security_evaluated) == 0 &&
              sizeof(AccessState::security_evaluated) == 1);
static_assert(offsetof(AccessState, generate_audit) == 1 &&
              sizeof(AccessState::generate_audit) == 1);
static_assert(offsetof(AccessState, generate_on_close) == 2 &&
              sizeof(AccessState::generate_on_close) == 1);
static_assert(offsetof(AccessState, audit_privileges) == 3 &&
              sizeof(AccessState::audit_privileges) == 1);
static_assert(offsetof(AccessState, flags) == 4 && sizeof(AccessState::flags) == 4);
static_assert(offsetof(AccessState, remaining_desired_access) == 8 &&
              sizeof(AccessState::remaining_desired_access) == 4);
static_assert(offsetof(AccessState, previously_granted_access) == 12 &&
              sizeof(AccessState::previously_granted_access) == 4);
static_assert(offsetof(AccessState, original_desired_access) == 16 &&
              sizeof(AccessState::original_desired_access) == 4);
static_assert(offsetof(AccessState, security_descriptor) == 24 &&
              sizeof(AccessState::security_descriptor) == 8);
static_assert(offsetof(AccessState, object_name) == 32 && sizeof(AccessState::object_name) == 16);
static_assert(offsetof(AccessState, object_type) == 48 && sizeof(AccessState::object_type) == 16);

// DOKAN_IO_SECURITY_CONTEXT
struct IoSecurityContext {
  AccessState access_state;
  ACCESS_MASK desired_access;
};
static_assert(sizeof(IoSecurityContext) == 72);
static_assert(offsetof(IoSecurityContext, access_state) == 0);
static_assert(offsetof(IoSecurityContext, desired_access) == 64 &&
              sizeof(IoSecurityContext::desired_access) == 4);

// DOKAN_MOUNT_POINT_INFO
struct MountPointInfo {
  ULONG type;
  WCHAR mount_point[260];
  WCHAR unc_name[64];
  WCHAR device_name[64];
  ULONG session_id;
  ULONG mount_options;
};
static_assert(sizeof(MountPointInfo) == 788);
static_assert(offsetof(MountPointInfo, type) == 0 && sizeof(MountPointInfo::type) == 4);
static_assert(offsetof(MountPointInfo, mount_point) == 4 &&
              sizeof(MountPointInfo::mount_point) == 520);
static_assert(offsetof(MountPointInfo, unc_name) == 524 && sizeof(MountPointInfo::unc_name) == 128);
static_assert(offsetof(MountPointInfo, device_name) == 652 &&
              sizeof(MountPointInfo::device_name) == 128);
static_assert(offsetof(MountPointInfo, session_id) == 780 &&
              sizeof(MountPointInfo::session_id) == 4);
static_assert(offsetof(MountPointInfo, mount_options) == 784 &&
              sizeof(MountPointInfo::mount_options) == 4);

// WIN32_FIND_STREAM_DATA: the SDK's own, but not in every SDK without a server's macros.
struct StreamData {
  LARGE_INTEGER size;
  WCHAR name[MAX_PATH + 36];
};
static_assert(sizeof(StreamData) == 600);
static_assert(offsetof(StreamData, size) == 0 && sizeof(StreamData::size) == 8);
static_assert(offsetof(StreamData, name) == 8 && sizeof(StreamData::name) == 592);

// Windows' own structures, which Dokan passes on.
static_assert(sizeof(WIN32_FIND_DATAW) == 592);
static_assert(offsetof(WIN32_FIND_DATAW, dwFileAttributes) == 0);
static_assert(offsetof(WIN32_FIND_DATAW, ftCreationTime) == 4);
static_assert(offsetof(WIN32_FIND_DATAW, ftLastAccessTime) == 12);
static_assert(offsetof(WIN32_FIND_DATAW, ftLastWriteTime) == 20);
static_assert(offsetof(WIN32_FIND_DATAW, nFileSizeHigh) == 28);
static_assert(offsetof(WIN32_FIND_DATAW, nFileSizeLow) == 32);
static_assert(offsetof(WIN32_FIND_DATAW, dwReserved0) == 36);
static_assert(offsetof(WIN32_FIND_DATAW, dwReserved1) == 40);
static_assert(offsetof(WIN32_FIND_DATAW, cFileName) == 44 &&
              sizeof(WIN32_FIND_DATAW::cFileName) == 520);
static_assert(offsetof(WIN32_FIND_DATAW, cAlternateFileName) == 564 &&
              sizeof(WIN32_FIND_DATAW::cAlternateFileName) == 28);

static_assert(sizeof(BY_HANDLE_FILE_INFORMATION) == 52);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, dwFileAttributes) == 0);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, ftCreationTime) == 4);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, ftLastAccessTime) == 12);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, ftLastWriteTime) == 20);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, dwVolumeSerialNumber) == 28);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, nFileSizeHigh) == 32);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, nFileSizeLow) == 36);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, nNumberOfLinks) == 40);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, nFileIndexHigh) == 44);
static_assert(offsetof(BY_HANDLE_FILE_INFORMATION, nFileIndexLow) == 48);

using FillFindData = int(WINAPI*)(WIN32_FIND_DATAW*, FileInfo*);
using FillStreamData = BOOL(WINAPI*)(StreamData*, PVOID);

// DOKAN_OPERATIONS
struct Operations {
  NTSTATUS(WINAPI* create_file)
  (LPCWSTR, IoSecurityContext*, ACCESS_MASK, ULONG, ULONG, ULONG, ULONG, FileInfo*);
  void(WINAPI* cleanup)(LPCWSTR, FileInfo*);
  void(WINAPI* close_file)(LPCWSTR, FileInfo*);
  NTSTATUS(WINAPI* read_file)(LPCWSTR, LPVOID, DWORD, LPDWORD, LONGLONG, FileInfo*);
  NTSTATUS(WINAPI* write_file)(LPCWSTR, LPCVOID, DWORD, LPDWORD, LONGLONG, FileInfo*);
  NTSTATUS(WINAPI* flush_file_buffers)(LPCWSTR, FileInfo*);
  NTSTATUS(WINAPI* get_file_information)(LPCWSTR, BY_HANDLE_FILE_INFORMATION*, FileInfo*);
  NTSTATUS(WINAPI* find_files)(LPCWSTR, FillFindData, FileInfo*);
  NTSTATUS(WINAPI* find_files_with_pattern)(LPCWSTR, LPCWSTR, FillFindData, FileInfo*);
  NTSTATUS(WINAPI* set_file_attributes)(LPCWSTR, DWORD, FileInfo*);
  NTSTATUS(WINAPI* set_file_time)
  (LPCWSTR, const FILETIME*, const FILETIME*, const FILETIME*, FileInfo*);
  NTSTATUS(WINAPI* delete_file)(LPCWSTR, FileInfo*);
  NTSTATUS(WINAPI* delete_directory)(LPCWSTR, FileInfo*);
  NTSTATUS(WINAPI* move_file)(LPCWSTR, LPCWSTR, BOOL, FileInfo*);
  NTSTATUS(WINAPI* set_end_of_file)(LPCWSTR, LONGLONG, FileInfo*);
  NTSTATUS(WINAPI* set_allocation_size)(LPCWSTR, LONGLONG, FileInfo*);
  NTSTATUS(WINAPI* lock_file)(LPCWSTR, LONGLONG, LONGLONG, FileInfo*);
  NTSTATUS(WINAPI* unlock_file)(LPCWSTR, LONGLONG, LONGLONG, FileInfo*);
  NTSTATUS(WINAPI* get_disk_free_space)(PULONGLONG, PULONGLONG, PULONGLONG, FileInfo*);
  NTSTATUS(WINAPI* get_volume_information)
  (LPWSTR, DWORD, LPDWORD, LPDWORD, LPDWORD, LPWSTR, DWORD, FileInfo*);
  NTSTATUS(WINAPI* mounted)(LPCWSTR, FileInfo*);
  NTSTATUS(WINAPI* unmounted)(FileInfo*);
  NTSTATUS(WINAPI* get_file_security)
  (LPCWSTR, SECURITY_INFORMATION*, PSECURITY_DESCRIPTOR, ULONG, PULONG, FileInfo*);
  NTSTATUS(WINAPI* set_file_security)
  (LPCWSTR, SECURITY_INFORMATION*, PSECURITY_DESCRIPTOR, ULONG, FileInfo*);
  NTSTATUS(WINAPI* find_streams)(LPCWSTR, FillStreamData, PVOID, FileInfo*);
};
static_assert(sizeof(Operations) == 200);
static_assert(offsetof(Operations, create_file) == 0 * 8);
static_assert(offsetof(Operations, cleanup) == 1 * 8);
static_assert(offsetof(Operations, close_file) == 2 * 8);
static_assert(offsetof(Operations, read_file) == 3 * 8);
static_assert(offsetof(Operations, write_file) == 4 * 8);
static_assert(offsetof(Operations, flush_file_buffers) == 5 * 8);
static_assert(offsetof(Operations, get_file_information) == 6 * 8);
static_assert(offsetof(Operations, find_files) == 7 * 8);
static_assert(offsetof(Operations, find_files_with_pattern) == 8 * 8);
static_assert(offsetof(Operations, set_file_attributes) == 9 * 8);
static_assert(offsetof(Operations, set_file_time) == 10 * 8);
static_assert(offsetof(Operations, delete_file) == 11 * 8);
static_assert(offsetof(Operations, delete_directory) == 12 * 8);
static_assert(offsetof(Operations, move_file) == 13 * 8);
static_assert(offsetof(Operations, set_end_of_file) == 14 * 8);
static_assert(offsetof(Operations, set_allocation_size) == 15 * 8);
static_assert(offsetof(Operations, lock_file) == 16 * 8);
static_assert(offsetof(Operations, unlock_file) == 17 * 8);
static_assert(offsetof(Operations, get_disk_free_space) == 18 * 8);
static_assert(offsetof(Operations, get_volume_information) == 19 * 8);
static_assert(offsetof(Operations, mounted) == 20 * 8);
static_assert(offsetof(Operations, unmounted) == 21 * 8);
static_assert(offsetof(Operations, get_file_security) == 22 * 8);
static_assert(offsetof(Operations, set_file_security) == 23 * 8);
static_assert(offsetof(Operations, find_streams) == 24 * 8);

}  // namespace dokan::abi
