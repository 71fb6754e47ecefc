#include "data_callbacks.h"

#include <algorithm>

#include "backed_transfer.h"
#include "request_calls.h"

namespace dokan {
namespace {

// Up to here, no window reaches beyond what an offset may be.
constexpr LONGLONG kLargestAhead = LONGLONG{1} << 52;

// What bypasses caches, or fills the memory manager's, is asked for as it comes.
bool MayReadAhead(LONGLONG offset, const abi::FileInfo* info) {
  return info->no_cache == 0 && info->paging_io == 0 && offset >= 0 && offset < kLargestAhead;
}

ReadAhead::Answer AskForData(LPCWSTR name, LPVOID buffer, DWORD length, LONGLONG offset,
                             abi::FileInfo* info) {
  Request request(Operation::kReadFile, info);
  if (request.ready()) {
    request.Name(name);
    request.Argument(0, length);
    request.Offset(offset);
    request.Target(buffer, length);
    request.MayExpose();
  }
  const NTSTATUS result = request.Send();
  const bool has_data = request.answered() && status::IsSuccess(result);
  return {result, has_data ? request.FinishTarget() : 0, request.answered()};
}

}  // namespace

NTSTATUS WINAPI ReadFileCallback(LPCWSTR name, LPVOID buffer, DWORD length, LPDWORD done,
                                 LONGLONG offset, abi::FileInfo* info) {
  DWORD ignored = 0;
  DWORD& count = done == nullptr ? ignored : *done;
  count = 0;
  return Guard([&]() -> NTSTATUS {
    const auto ask = [&](void* into, DWORD bytes, LONGLONG from) {
      return AskForData(name, into, bytes, from, info);
    };
    ReadAhead::Answer answer;
    const auto open = VolumeInstance::Of(info)->opens().Find(info->context);
    if (open != nullptr && open->backing != nullptr) {
      if (const auto served = ReadBacked(*open->backing, buffer, length, offset, &count, info)) {
        return *served;
      }
    }
    if (open != nullptr && open->ahead != nullptr && MayReadAhead(offset, info)) {
      answer = open->ahead->Read(buffer, length, offset, ask);
    } else {
      answer = ask(buffer, length, offset);
    }
    count = answer.bytes;
    return answer.status;
  });
}

NTSTATUS WINAPI WriteFileCallback(LPCWSTR name, LPCVOID buffer, DWORD length, LPDWORD done,
                                  LONGLONG offset, abi::FileInfo* info) {
  DWORD ignored = 0;
  DWORD& count = done == nullptr ? ignored : *done;
  count = 0;
  const Change change(info);
  const auto open = VolumeInstance::Of(info)->opens().Find(info->context);
  if (open != nullptr && open->backing != nullptr) {
    if (const auto served = WriteBacked(*open->backing, buffer, length, offset, &count, info)) {
      return *served;
    }
  }
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
        count = std::min<DWORD>(request.answer().results[0], length);
        return result;
      });
}

}  // namespace dokan
