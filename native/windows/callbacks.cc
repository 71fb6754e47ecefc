#include "callbacks.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "answers.h"
#include "data_callbacks.h"
#include "open_callbacks.h"
#include "request_calls.h"

// Everything here runs on Dokan's threads, and sleeps while JavaScript works.
namespace dokan {
namespace {

template <typename Value>
void Put(Value* out, Value value) {
  if (out != nullptr) {
    *out = value;
  }
}

NTSTATUS WINAPI FlushFileBuffersCallback(LPCWSTR name, abi::FileInfo* info) {
  return Ask(Operation::kFlushFileBuffers, name, info);
}

NTSTATUS WINAPI GetFileInformationCallback(LPCWSTR name, BY_HANDLE_FILE_INFORMATION* out,
                                           abi::FileInfo* info) {
  return Query(
      Operation::kGetFileInformation, name, info, [](Request&) {},
      [&](Request& request, NTSTATUS result) {
        ReadFileInformation(request.answer(), out);
        return result;
      });
}

NTSTATUS WINAPI FindFilesCallback(LPCWSTR name, abi::FillFindData fill, abi::FileInfo* info) {
  return Query(
      Operation::kFindFiles, name, info, [](Request&) {},
      [&](Request& request, NTSTATUS result) {
        GiveEntries(request.data(), fill, info);
        return result;
      });
}

NTSTATUS WINAPI FindFilesWithPatternCallback(LPCWSTR name, LPCWSTR pattern, abi::FillFindData fill,
                                             abi::FileInfo* info) {
  return Query(
      Operation::kFindFilesWithPattern, name, info,
      [&](Request& request) { request.SecondName(pattern, NameKind::kText); },
      [&](Request& request, NTSTATUS result) {
        GiveEntries(request.data(), fill, info);
        return result;
      });
}

NTSTATUS WINAPI SetFileAttributesCallback(LPCWSTR name, DWORD attributes, abi::FileInfo* info) {
  return Ask(Operation::kSetFileAttributes, name, info,
             [&](Request& request) { request.Argument(0, attributes); });
}

NTSTATUS WINAPI SetFileTimeCallback(LPCWSTR name, const FILETIME* creation, const FILETIME* access,
                                    const FILETIME* write, abi::FileInfo* info) {
  return Ask(Operation::kSetFileTime, name, info, [&](Request& request) {
    request.Time(0, creation);
    request.Time(1, access);
    request.Time(2, write);
  });
}

NTSTATUS WINAPI DeleteFileCallback(LPCWSTR name, abi::FileInfo* info) {
  return Ask(Operation::kDeleteFile, name, info);
}

NTSTATUS WINAPI DeleteDirectoryCallback(LPCWSTR name, abi::FileInfo* info) {
  return Ask(Operation::kDeleteDirectory, name, info);
}

NTSTATUS WINAPI MoveFileCallback(LPCWSTR name, LPCWSTR new_name, BOOL replace,
                                 abi::FileInfo* info) {
  const Change change(info);
  return Ask(Operation::kMoveFile, name, info, [&](Request& request) {
    request.SecondName(new_name, NameKind::kPath);
    // Dokan hands the flags of the extended rename through: only the lowest is "replace".
    request.Argument(0, static_cast<uint32_t>(replace) & 1);
  });
}

NTSTATUS WINAPI SetEndOfFileCallback(LPCWSTR name, LONGLONG size, abi::FileInfo* info) {
  const Change change(info);
  return Ask(Operation::kSetEndOfFile, name, info, [&](Request& request) { request.Offset(size); });
}

NTSTATUS WINAPI SetAllocationSizeCallback(LPCWSTR name, LONGLONG size, abi::FileInfo* info) {
  const Change change(info);
  return Ask(Operation::kSetAllocationSize, name, info,
             [&](Request& request) { request.Offset(size); });
}

NTSTATUS WINAPI LockFileCallback(LPCWSTR name, LONGLONG offset, LONGLONG length,
                                 abi::FileInfo* info) {
  // What is locked now is not for others to read.
  const Change change(info);
  return Ask(Operation::kLockFile, name, info, [&](Request& request) {
    request.Offset(offset);
    request.Length(length);
  });
}

NTSTATUS WINAPI UnlockFileCallback(LPCWSTR name, LONGLONG offset, LONGLONG length,
                                   abi::FileInfo* info) {
  return Ask(Operation::kUnlockFile, name, info, [&](Request& request) {
    request.Offset(offset);
    request.Length(length);
  });
}

NTSTATUS WINAPI GetDiskFreeSpaceCallback(PULONGLONG available, PULONGLONG total, PULONGLONG free,
                                         abi::FileInfo* info) {
  return Query(
      Operation::kGetDiskFreeSpace, nullptr, info, [](Request&) {},
      [&](Request& request, NTSTATUS result) {
        const Answer& answer = request.answer();
        Put<ULONGLONG>(available, ToSize(answer.sizes[0]));
        Put<ULONGLONG>(total, ToSize(answer.sizes[1]));
        Put<ULONGLONG>(free, ToSize(answer.sizes[2]));
        return result;
      });
}

NTSTATUS WINAPI GetVolumeInformationCallback(LPWSTR label, DWORD label_units, LPDWORD serial,
                                             LPDWORD longest_component, LPDWORD flags, LPWSTR name,
                                             DWORD name_units, abi::FileInfo* info) {
  return Query(
      Operation::kGetVolumeInformation, nullptr, info, [](Request&) {},
      [&](Request& request, NTSTATUS result) {
        const Answer& answer = request.answer();
        Put<DWORD>(serial, answer.results[0]);
        Put<DWORD>(longest_component, answer.results[1]);
        Put<DWORD>(flags, answer.results[2]);
        CopyText(request.AnsweredText(0, answer.results[3]), label, label_units);
        CopyText(request.AnsweredText(answer.results[3], answer.results[4]), name, name_units);
        return result;
      });
}

// On the thread that mounts. Dokan ignores the result.
NTSTATUS WINAPI MountedCallback(LPCWSTR mount_point, abi::FileInfo* info) {
  return Guard([&]() -> NTSTATUS {
    VolumeInstance::Of(info)->SetMountPoint(mount_point);
    Request request(Operation::kMounted, info);
    if (request.ready()) {
      request.SecondName(mount_point, NameKind::kText);
      request.Flag(request_flag::kNameIsLatin1);
    }
    return request.Send();
  });
}

NTSTATUS WINAPI UnmountedCallback(abi::FileInfo* info) {
  return Ask(Operation::kUnmounted, nullptr, info);
}

NTSTATUS WINAPI GetFileSecurityCallback(LPCWSTR name, SECURITY_INFORMATION* wanted,
                                        PSECURITY_DESCRIPTOR descriptor, ULONG bytes, PULONG needed,
                                        abi::FileInfo* info) {
  return Guard([&]() -> NTSTATUS {
    Request request(Operation::kGetFileSecurity, info);
    if (request.ready()) {
      request.Name(name);
      request.Argument(0, wanted == nullptr ? 0 : *wanted);
      request.Argument(1, bytes);
    }
    const NTSTATUS result = request.Send();
    // Of one that does not fit, who asks has to learn how much room it takes.
    if (!request.answered() || (!status::IsSuccess(result) && result != status::kBufferOverflow)) {
      return result;
    }
    const std::vector<uint8_t>& data = request.data();
    const auto length =
        std::max<ULONG>(static_cast<ULONG>(data.size()), request.answer().results[0]);
    Put<ULONG>(needed, length);
    if (length > bytes || data.size() > bytes) {
      return status::kBufferOverflow;
    }
    if (!data.empty()) {
      std::memcpy(descriptor, data.data(), data.size());
    }
    return result;
  });
}

NTSTATUS WINAPI SetFileSecurityCallback(LPCWSTR name, SECURITY_INFORMATION* given,
                                        PSECURITY_DESCRIPTOR descriptor, ULONG bytes,
                                        abi::FileInfo* info) {
  return Ask(Operation::kSetFileSecurity, name, info, [&](Request& request) {
    request.Argument(0, given == nullptr ? 0 : *given);
    request.Argument(1, bytes);
    request.Source(descriptor, bytes);
  });
}

NTSTATUS WINAPI FindStreamsCallback(LPCWSTR name, abi::FillStreamData fill, PVOID context,
                                    abi::FileInfo* info) {
  return Query(
      Operation::kFindStreams, name, info, [](Request&) {},
      [&](Request& request, NTSTATUS result) {
        return GiveStreams(request.data(), fill, context) ? result : status::kBufferOverflow;
      });
}

}  // namespace

abi::Operations AllCallbacks() {
  abi::Operations all = {};
  all.create_file = CreateFileCallback;
  all.cleanup = CleanupCallback;
  all.close_file = CloseFileCallback;
  all.read_file = ReadFileCallback;
  all.write_file = WriteFileCallback;
  all.flush_file_buffers = FlushFileBuffersCallback;
  all.get_file_information = GetFileInformationCallback;
  all.find_files = FindFilesCallback;
  all.find_files_with_pattern = FindFilesWithPatternCallback;
  all.set_file_attributes = SetFileAttributesCallback;
  all.set_file_time = SetFileTimeCallback;
  all.delete_file = DeleteFileCallback;
  all.delete_directory = DeleteDirectoryCallback;
  all.move_file = MoveFileCallback;
  all.set_end_of_file = SetEndOfFileCallback;
  all.set_allocation_size = SetAllocationSizeCallback;
  all.lock_file = LockFileCallback;
  all.unlock_file = UnlockFileCallback;
  all.get_disk_free_space = GetDiskFreeSpaceCallback;
  all.get_volume_information = GetVolumeInformationCallback;
  all.mounted = MountedCallback;
  all.unmounted = UnmountedCallback;
  all.get_file_security = GetFileSecurityCallback;
  all.set_file_security = SetFileSecurityCallback;
  all.find_streams = FindStreamsCallback;
  return all;
}

}  // namespace dokan
