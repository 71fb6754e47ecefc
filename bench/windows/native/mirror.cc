#include "mirror.h"

#include <windows.h>
#include <winternl.h>

#include <utility>

namespace bench {
namespace {

namespace abi = dokan::abi;

constexpr NTSTATUS kUnsuccessful = static_cast<NTSTATUS>(0xC0000001);

std::wstring mirror_root;

HANDLE FileOf(const abi::FileInfo* info) {
  return reinterpret_cast<HANDLE>(static_cast<uintptr_t>(info->context));
}

NTSTATUS StatusOf(BOOL succeeded) {
  return succeeded != FALSE ? 0 : kUnsuccessful;
}

OVERLAPPED At(LONGLONG offset) {
  OVERLAPPED place = {};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return place;
}

// The bench opens what is there, and nothing else.
NTSTATUS WINAPI CreateFileCallback(LPCWSTR name, abi::IoSecurityContext*, ACCESS_MASK access, ULONG,
                                   ULONG share, ULONG, ULONG, abi::FileInfo* info) {
  const std::wstring path = mirror_root + name;
  const HANDLE file = CreateFileW(path.c_str(), access, share, nullptr, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (file == INVALID_HANDLE_VALUE) {
    return kUnsuccessful;
  }
  BY_HANDLE_FILE_INFORMATION information = {};
  GetFileInformationByHandle(file, &information);
  info->is_directory = (information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  info->context = reinterpret_cast<uintptr_t>(file);
  return 0;
}

void WINAPI CleanupCallback(LPCWSTR, abi::FileInfo* info) {
  CloseHandle(FileOf(info));
  info->context = 0;
}

void WINAPI CloseFileCallback(LPCWSTR, abi::FileInfo*) {}

NTSTATUS WINAPI ReadFileCallback(LPCWSTR, LPVOID buffer, DWORD length, LPDWORD done,
                                 LONGLONG offset, abi::FileInfo* info) {
  OVERLAPPED place = At(offset);
  return StatusOf(ReadFile(FileOf(info), buffer, length, done, &place));
}

NTSTATUS WINAPI WriteFileCallback(LPCWSTR, LPCVOID data, DWORD length, LPDWORD done,
                                  LONGLONG offset, abi::FileInfo* info) {
  OVERLAPPED place = At(offset);
  return StatusOf(WriteFile(FileOf(info), data, length, done, &place));
}

NTSTATUS WINAPI GetFileInformationCallback(LPCWSTR, BY_HANDLE_FILE_INFORMATION* information,
                                           abi::FileInfo* info) {
  return StatusOf(GetFileInformationByHandle(FileOf(info), information));
}

NTSTATUS WINAPI FindFilesCallback(LPCWSTR name, abi::FillFindData fill, abi::FileInfo* info) {
  const std::wstring pattern = mirror_root + name + L"\\*";
  WIN32_FIND_DATAW entry = {};
  const HANDLE search = FindFirstFileW(pattern.c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) {
    return kUnsuccessful;
  }
  do {
    fill(&entry, info);
  } while (FindNextFileW(search, &entry));
  FindClose(search);
  return 0;
}

}  // namespace

abi::Operations MirrorOf(std::wstring root) {
  mirror_root = std::move(root);
  abi::Operations operations = {};
  operations.create_file = CreateFileCallback;
  operations.cleanup = CleanupCallback;
  operations.close_file = CloseFileCallback;
  operations.read_file = ReadFileCallback;
  operations.write_file = WriteFileCallback;
  operations.get_file_information = GetFileInformationCallback;
  operations.find_files = FindFilesCallback;
  return operations;
}

}  // namespace bench
