#include "scripted_callbacks.h"

#include <algorithm>
#include <cstring>
#include <cwchar>

#include "dokan_library.h"

namespace scripted {
namespace {

using simulator::FileInfo;
using simulator::FillFindData;
using simulator::FillFindStreamData;
using simulator::IoSecurityContext;
using simulator::JsonWriter;
using simulator::NtStatus;
using simulator::Operations;

constexpr NtStatus kSuccess = 0;
constexpr auto kBufferOverflow = static_cast<NtStatus>(0x80000005u);
constexpr std::uint64_t kTime = 130000000000000000;

FILETIME Time(std::uint64_t time) {
  return {static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
}

std::uint64_t Number(const FILETIME* time) {
  return std::uint64_t{time->dwHighDateTime} << 32 | time->dwLowDateTime;
}

// Everything an answer does to the file info before the callback returns.
NtStatus Apply(const Answer& answer, FileInfo* info) {
  const auto& fields = answer.fields;
  if (fields.Has("setContext")) info->context = fields.Unsigned("setContext");
  if (fields.Has("setIsDirectory")) {
    info->is_directory = static_cast<UCHAR>(fields.Word("setIsDirectory"));
  }
  if (fields.Has("setDeletePending")) {
    info->delete_pending = static_cast<UCHAR>(fields.Word("setDeletePending"));
  }
  if (fields.Has("resetTimeout")) {
    const BOOL reset = Dokan().ResetTimeout(fields.Word("resetTimeout"), info);
    TheLog().AddNote(L"DokanResetTimeout", reset != FALSE);
  }
  if (fields.Flag("openToken")) {
    const HANDLE token = Dokan().OpenRequestorToken(info);
    TheLog().AddNote(L"DokanOpenRequestorToken", token != INVALID_HANDLE_VALUE);
    if (token != INVALID_HANDLE_VALUE && !fields.Flag("keepToken")) ::CloseHandle(token);
  }
  return static_cast<NtStatus>(fields.Word("status"));
}

// Callbacks that take a name and the file info.
NtStatus Named(const wchar_t* callback, const wchar_t* name, FileInfo* info,
               EntryFields more = nullptr) {
  TheLog().Add(callback, info, [name = std::wstring(name), more](JsonWriter& writer) {
    writer.Text("name", name);
    if (more) more(writer);
  });
  return Apply(TheAnswers().Take(callback), info);
}

NtStatus __stdcall ZwCreateFile(const wchar_t* name, IoSecurityContext* context, ACCESS_MASK access,
                                ULONG attributes, ULONG share, ULONG disposition, ULONG options,
                                FileInfo* info) {
  const bool has_descriptor = context->access_state.security_descriptor != nullptr;
  return Named(L"ZwCreateFile", name, info, [=](JsonWriter& writer) {
    writer.Number("desiredAccess", access);
    writer.Number("fileAttributes", attributes);
    writer.Number("shareAccess", share);
    writer.Number("createDisposition", disposition);
    writer.Number("createOptions", options);
    writer.Flag("hasSecurityDescriptor", has_descriptor);
  });
}

void __stdcall Cleanup(const wchar_t* name, FileInfo* info) {
  Named(L"Cleanup", name, info);
}
void __stdcall CloseFile(const wchar_t* name, FileInfo* info) {
  Named(L"CloseFile", name, info);
}

NtStatus __stdcall ReadFile(const wchar_t* name, void* buffer, DWORD length, DWORD* done,
                            LONGLONG offset, FileInfo* info) {
  TheLog().Add(L"ReadFile", info, [=, name = std::wstring(name)](JsonWriter& writer) {
    writer.Text("name", name);
    writer.Number("length", length);
    writer.Number("offset", offset);
  });
  const Answer answer = TheAnswers().Take(L"ReadFile");
  *done = answer.fields.Word("bytes");
  std::memset(buffer, 'r', std::min(*done, length));
  return Apply(answer, info);
}

NtStatus __stdcall WriteFile(const wchar_t* name, const void* buffer, DWORD length, DWORD* done,
                             LONGLONG offset, FileInfo* info) {
  std::uint32_t hash = 0;
  const auto* bytes = static_cast<const unsigned char*>(buffer);
  for (DWORD i = 0; i < length; ++i) hash = hash * 31 + bytes[i];
  TheLog().Add(L"WriteFile", info, [=, name = std::wstring(name)](JsonWriter& writer) {
    writer.Text("name", name);
    writer.Number("length", length);
    writer.Number("offset", offset);
    writer.Number("hash31", hash);
  });
  const Answer answer = TheAnswers().Take(L"WriteFile");
  *done = answer.fields.Word("bytes", length);
  return Apply(answer, info);
}

NtStatus __stdcall FlushFileBuffers(const wchar_t* name, FileInfo* info) {
  return Named(L"FlushFileBuffers", name, info);
}

NtStatus __stdcall GetFileInformation(const wchar_t* name, BY_HANDLE_FILE_INFORMATION* found,
                                      FileInfo* info) {
  TheLog().Add(L"GetFileInformation", info,
               [name = std::wstring(name)](JsonWriter& writer) { writer.Text("name", name); });
  const Answer answer = TheAnswers().Take(L"GetFileInformation");
  const std::uint64_t size = answer.fields.Unsigned("size", 12345);
  const std::uint64_t index = answer.fields.Unsigned("index", 77);
  found->dwFileAttributes = answer.fields.Word("attributes", FILE_ATTRIBUTE_ARCHIVE);
  found->ftCreationTime = Time(kTime + 1);
  found->ftLastAccessTime = Time(kTime + 2);
  found->ftLastWriteTime = Time(kTime + 3);
  found->nFileSizeHigh = static_cast<DWORD>(size >> 32);
  found->nFileSizeLow = static_cast<DWORD>(size);
  found->nNumberOfLinks = answer.fields.Word("links", 1);
  found->nFileIndexHigh = static_cast<DWORD>(index >> 32);
  found->nFileIndexLow = static_cast<DWORD>(index);
  return Apply(answer, info);
}

NtStatus Fill(const Answer& answer, FillFindData fill, FileInfo* info) {
  for (const NamedItem& item : answer.items) {
    WIN32_FIND_DATAW found = {};
    found.dwFileAttributes = static_cast<DWORD>(item.number.value_or(FILE_ATTRIBUTE_ARCHIVE));
    found.ftCreationTime = Time(kTime);
    found.ftLastAccessTime = Time(kTime);
    found.ftLastWriteTime = Time(kTime);
    found.nFileSizeLow = 1;
    item.name.copy(found.cFileName, std::size(found.cFileName) - 1);
    fill(&found, info);
  }
  return Apply(answer, info);
}

NtStatus __stdcall FindFiles(const wchar_t* name, FillFindData fill, FileInfo* info) {
  TheLog().Add(L"FindFiles", info,
               [name = std::wstring(name)](JsonWriter& writer) { writer.Text("name", name); });
  return Fill(TheAnswers().Take(L"FindFiles"), fill, info);
}

NtStatus __stdcall FindFilesWithPattern(const wchar_t* name, const wchar_t* pattern,
                                        FillFindData fill, FileInfo* info) {
  TheLog().Add(L"FindFilesWithPattern", info,
               [name = std::wstring(name), pattern = std::wstring(pattern)](JsonWriter& writer) {
                 writer.Text("name", name);
                 writer.Text("pattern", pattern);
               });
  return Fill(TheAnswers().Take(L"FindFilesWithPattern"), fill, info);
}

NtStatus __stdcall SetFileAttributes(const wchar_t* name, DWORD attributes, FileInfo* info) {
  return Named(L"SetFileAttributes", name, info,
               [=](JsonWriter& writer) { writer.Number("attributes", attributes); });
}

NtStatus __stdcall SetFileTime(const wchar_t* name, const FILETIME* creation,
                               const FILETIME* access, const FILETIME* write, FileInfo* info) {
  const std::uint64_t times[] = {Number(creation), Number(access), Number(write)};
  return Named(L"SetFileTime", name, info, [=](JsonWriter& writer) {
    writer.Decimal("creationTime", times[0]);
    writer.Decimal("lastAccessTime", times[1]);
    writer.Decimal("lastWriteTime", times[2]);
  });
}

NtStatus __stdcall DeleteFile(const wchar_t* name, FileInfo* info) {
  return Named(L"DeleteFile", name, info);
}

NtStatus __stdcall DeleteDirectory(const wchar_t* name, FileInfo* info) {
  return Named(L"DeleteDirectory", name, info);
}

NtStatus __stdcall MoveFile(const wchar_t* name, const wchar_t* new_name, BOOL replace,
                            FileInfo* info) {
  return Named(L"MoveFile", name, info, [=, new_name = std::wstring(new_name)](JsonWriter& writer) {
    writer.Text("newName", new_name);
    writer.Number("replace", replace);
  });
}

NtStatus __stdcall SetEndOfFile(const wchar_t* name, LONGLONG size, FileInfo* info) {
  return Named(L"SetEndOfFile", name, info,
               [=](JsonWriter& writer) { writer.Number("size", size); });
}

NtStatus __stdcall SetAllocationSize(const wchar_t* name, LONGLONG size, FileInfo* info) {
  return Named(L"SetAllocationSize", name, info,
               [=](JsonWriter& writer) { writer.Number("size", size); });
}

EntryFields Range(LONGLONG offset, LONGLONG length) {
  return [=](JsonWriter& writer) {
    writer.Number("offset", offset);
    writer.Number("length", length);
  };
}

NtStatus __stdcall LockFile(const wchar_t* name, LONGLONG offset, LONGLONG length, FileInfo* info) {
  return Named(L"LockFile", name, info, Range(offset, length));
}

NtStatus __stdcall UnlockFile(const wchar_t* name, LONGLONG offset, LONGLONG length,
                              FileInfo* info) {
  return Named(L"UnlockFile", name, info, Range(offset, length));
}

NtStatus __stdcall GetDiskFreeSpace(ULONGLONG* available, ULONGLONG* total, ULONGLONG* free,
                                    FileInfo* info) {
  TheLog().Add(L"GetDiskFreeSpace", info, nullptr);
  *available = 1'000'000;
  *total = 3'000'000;
  *free = 2'000'000;
  return Apply(TheAnswers().Take(L"GetDiskFreeSpace"), info);
}

NtStatus __stdcall GetVolumeInformation(wchar_t* label, DWORD label_size, DWORD* serial,
                                        DWORD* max_component, DWORD* flags, wchar_t* file_system,
                                        DWORD file_system_size, FileInfo* info) {
  TheLog().Add(L"GetVolumeInformation", info, [=](JsonWriter& writer) {
    writer.Number("labelSize", label_size);
    writer.Number("fileSystemNameSize", file_system_size);
  });
  std::wcscpy(label, L"label");
  std::wcscpy(file_system, L"NTFS");
  *serial = 0x12345678;
  *max_component = 255;
  *flags = 7;
  return Apply(TheAnswers().Take(L"GetVolumeInformation"), info);
}

NtStatus __stdcall Mounted(const wchar_t* mount_point, FileInfo* info) {
  TheLog().Add(L"Mounted", info, [mount_point = std::wstring(mount_point)](JsonWriter& writer) {
    writer.Text("mountPoint", mount_point);
  });
  return kSuccess;
}

NtStatus __stdcall Unmounted(FileInfo* info) {
  TheLog().Add(L"Unmounted", info, nullptr);
  return kSuccess;
}

EntryFields Security(SECURITY_INFORMATION information, ULONG length) {
  return [=](JsonWriter& writer) {
    writer.Number("securityInformation", information);
    writer.Number("length", length);
  };
}

NtStatus __stdcall GetFileSecurity(const wchar_t* name, SECURITY_INFORMATION* information,
                                   void* buffer, ULONG length, ULONG* needed, FileInfo* info) {
  TheLog().Add(
      L"GetFileSecurity", info,
      [name = std::wstring(name), more = Security(*information, length)](JsonWriter& writer) {
        writer.Text("name", name);
        more(writer);
      });
  const Answer answer = TheAnswers().Take(L"GetFileSecurity");
  *needed = answer.fields.Word("needed");
  std::memset(buffer, 's', std::min(*needed, length));
  return Apply(answer, info);
}

NtStatus __stdcall SetFileSecurity(const wchar_t* name, SECURITY_INFORMATION* information, void*,
                                   ULONG length, FileInfo* info) {
  return Named(L"SetFileSecurity", name, info, Security(*information, length));
}

NtStatus __stdcall FindStreams(const wchar_t* name, FillFindStreamData fill, void* context,
                               FileInfo* info) {
  TheLog().Add(L"FindStreams", info,
               [name = std::wstring(name)](JsonWriter& writer) { writer.Text("name", name); });
  const Answer answer = TheAnswers().Take(L"FindStreams");
  for (const NamedItem& item : answer.items) {
    WIN32_FIND_STREAM_DATA found = {};
    found.StreamSize.QuadPart = static_cast<LONGLONG>(item.number.value_or(0));
    item.name.copy(found.cStreamName, std::size(found.cStreamName) - 1);
    if (fill(&found, context) == FALSE) return kBufferOverflow;
  }
  return Apply(answer, info);
}

}  // namespace

Answers& TheAnswers() {
  static Answers& answers = *new Answers;
  return answers;
}

CallbackLog& TheLog() {
  static CallbackLog& log = *new CallbackLog;
  return log;
}

Operations ScriptedOperations(const std::wstring& absent) {
  Operations operations = {
      &ZwCreateFile,
      &Cleanup,
      &CloseFile,
      &ReadFile,
      &WriteFile,
      &FlushFileBuffers,
      &GetFileInformation,
      &FindFiles,
      &FindFilesWithPattern,
      &SetFileAttributes,
      &SetFileTime,
      &DeleteFile,
      &DeleteDirectory,
      &MoveFile,
      &SetEndOfFile,
      &SetAllocationSize,
      &LockFile,
      &UnlockFile,
      &GetDiskFreeSpace,
      &GetVolumeInformation,
      &Mounted,
      &Unmounted,
      &GetFileSecurity,
      &SetFileSecurity,
      &FindStreams,
  };
  if (absent == L"SetFileTime") operations.SetFileTime = nullptr;
  if (absent == L"DeleteDirectory") operations.DeleteDirectory = nullptr;
  if (absent == L"GetFileInformation") operations.GetFileInformation = nullptr;
  return operations;
}

}  // namespace scripted
