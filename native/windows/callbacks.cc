#include "callbacks.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "answers.h"
#include "dokan_status.h"
#include "request.h"
#include "self_relative.h"
#include "volume_instance.h"

// Everything here runs on Dokan's threads, and sleeps while JavaScript works.
namespace dokan {
namespace {

// Dokan is C: no exception (of lacking memory) leaves a callback.
template <typename Body>
NTSTATUS Guard(Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return status::kInsufficientResources;
  }
}

// A request that is a name, and what `fill` adds.
template <typename Fill>
NTSTATUS Ask(Operation operation, LPCWSTR name, abi::FileInfo* info, Fill fill) noexcept {
  return Guard([&] {
    Request request(operation, info);
    if (request.ready()) {
      request.Name(name);
      fill(request);
    }
    return request.Send();
  });
}

NTSTATUS Ask(Operation operation, LPCWSTR name, abi::FileInfo* info) noexcept {
  return Ask(operation, name, info, [](Request&) {});
}

// A request with an answer beyond its status: `read` gets it when the status is a success.
template <typename Fill, typename Read>
NTSTATUS Query(Operation operation, LPCWSTR name, abi::FileInfo* info, Fill fill,
               Read read) noexcept {
  return Guard([&]() -> NTSTATUS {
    Request request(operation, info);
    if (request.ready()) {
      request.Name(name);
      fill(request);
    }
    const NTSTATUS result = request.Send();
    return request.answered() && status::IsSuccess(result) ? read(request, result) : result;
  });
}

template <typename Value>
void Put(Value* out, Value value) {
  if (out != nullptr) {
    *out = value;
  }
}

NTSTATUS WINAPI CreateFileCallback(LPCWSTR name, abi::IoSecurityContext* security,
                                   ACCESS_MASK access, ULONG attributes, ULONG share,
                                   ULONG disposition, ULONG options, abi::FileInfo* info) {
  return Guard([&]() -> NTSTATUS {
    const PSECURITY_DESCRIPTOR given =
        security == nullptr ? nullptr : security->access_state.security_descriptor;
    SelfRelativeDescriptor descriptor;
    if (given != nullptr && !descriptor.Take(given)) {
      return status::kInvalidSecurityDescriptor;
    }
    Request request(Operation::kCreateFile, info);
    if (request.ready()) {
      request.Name(name);
      request.Argument(0, access);
      request.Argument(1, attributes);
      request.Argument(2, share);
      request.Argument(3, disposition);
      request.Argument(4, options);
      if (given != nullptr) {
        request.Argument(5, descriptor.bytes());
        request.Flag(request_flag::kHasDescriptor);
        request.Source(descriptor.data(), descriptor.bytes());
      }
    }
    const NTSTATUS result = request.Send();
    // Here and nowhere else: Dokan keeps it from here on. With a failure too, because of the second
    // createFile that Dokan makes of a denied one.
    info->context = 0;
    if (request.answered()) {
      const Answer& answer = request.answer();
      info->context = static_cast<ULONG64>(answer.context);
      info->is_directory = (answer.flags & answer_flag::kIsDirectory) != 0 ? TRUE : FALSE;
    }
    return result;
  });
}

void WINAPI CleanupCallback(LPCWSTR name, abi::FileInfo* info) {
  Ask(Operation::kCleanup, name, info);
}

void WINAPI CloseFileCallback(LPCWSTR name, abi::FileInfo* info) {
  Ask(Operation::kCloseFile, name, info);
}

NTSTATUS WINAPI ReadFileCallback(LPCWSTR name, LPVOID buffer, DWORD length, LPDWORD done,
                                 LONGLONG offset, abi::FileInfo* info) {
  Put<DWORD>(done, 0);
  return Query(
      Operation::kReadFile, name, info,
      [&](Request& request) {
        request.Argument(0, length);
        request.Offset(offset);
        request.Target(buffer, length);
        request.MayExpose();
      },
      [&](Request& request, NTSTATUS result) {
        Put<DWORD>(done, request.FinishTarget());
        return result;
      });
}

NTSTATUS WINAPI WriteFileCallback(LPCWSTR name, LPCVOID buffer, DWORD length, LPDWORD done,
                                  LONGLONG offset, abi::FileInfo* info) {
  Put<DWORD>(done, 0);
  return Query(
      Operation::kWriteFile, name, info,
      [&](Request& request) {
        request.Argument(0, length);
        // With write-to-end the offset means nothing, and may be anything.
        request.Offset(info->write_to_end_of_file != 0 ? 0 : offset);
        request.Source(buffer, length);
        request.MayExpose();
      },
      [&](Request& request, NTSTATUS result) {
        Put<DWORD>(done, std::min<DWORD>(request.answer().results[0], length));
        return result;
      });
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
  return Ask(Operation::kMoveFile, name, info, [&](Request& request) {
    request.SecondName(new_name, NameKind::kPath);
    // Dokan hands the flags of the extended rename through: only the lowest is "replace".
    request.Argument(0, static_cast<uint32_t>(replace) & 1);
  });
}

NTSTATUS WINAPI SetEndOfFileCallback(LPCWSTR name, LONGLONG size, abi::FileInfo* info) {
  return Ask(Operation::kSetEndOfFile, name, info, [&](Request& request) { request.Offset(size); });
}

NTSTATUS WINAPI SetAllocationSizeCallback(LPCWSTR name, LONGLONG size, abi::FileInfo* info) {
  return Ask(Operation::kSetAllocationSize, name, info,
             [&](Request& request) { request.Offset(size); });
}

NTSTATUS WINAPI LockFileCallback(LPCWSTR name, LONGLONG offset, LONGLONG length,
                                 abi::FileInfo* info) {
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
