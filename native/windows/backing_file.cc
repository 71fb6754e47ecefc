#include "backing_file.h"

#include <algorithm>

#include "nt_file_api.h"

namespace dokan {
namespace {

// FILE_WRITE_TO_END_OF_FILE as a 64-bit offset.
constexpr int64_t kToEnd = -1;

// FILE_MODE_INFORMATION: calls return when the work is done.
constexpr ULONG kSynchronousModes = 0x10 | 0x20;

template <typename Information>
bool Query(HANDLE file, nt::FileClass file_class, Information* out) {
  IO_STATUS_BLOCK io = {};
  return nt::IsSuccess(
      nt::FileApi::Get().query_information_file(file, &io, out, sizeof *out, file_class));
}

}  // namespace

std::variant<std::shared_ptr<const BackingFile>, DWORD> BackingFile::Duplicate(HANDLE file) {
  if (file == nullptr || file == INVALID_HANDLE_VALUE) {
    return DWORD{ERROR_INVALID_HANDLE};
  }
  HANDLE own = nullptr;
  if (!DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &own, 0, FALSE,
                       DUPLICATE_SAME_ACCESS)) {
    return GetLastError();
  }
  FileHandle handle(own);
  // A pipe or a console has no offsets, and may make a thread wait for ever.
  if (GetFileType(own) != FILE_TYPE_DISK) {
    return DWORD{ERROR_BAD_DEV_TYPE};
  }
  // Where the system does not tell: any handle can be waited for as one that is not synchronous.
  ULONG mode = 0;
  const bool is_synchronous =
      Query(own, nt::FileClass::kMode, &mode) && (mode & kSynchronousModes) != 0;
  return std::shared_ptr<const BackingFile>(
      new BackingFile(SharedFileHandle(std::move(handle)), is_synchronous));
}

ACCESS_MASK BackingFile::Access() const {
  ACCESS_MASK access = access_.load(std::memory_order_relaxed);
  if (access == 0) {
    Query(handle_.get(), nt::FileClass::kAccess, &access);
    access_.store(access, std::memory_order_relaxed);
  }
  return access;
}

template <typename Work>
BackingFile::Result BackingFile::Run(IoWatch::Scope* scope, Work work) const {
  IO_STATUS_BLOCK io = {};
  HANDLE event = nullptr;
  if (!is_synchronous_) {
    event = scope->Event();
    if (event == nullptr) {
      return {nt::kNoMemory, 0};
    }
  }
  scope->Begin(event == nullptr ? nullptr : handle_.get(), &io);
  NTSTATUS status = work(event, &io);
  if (status == nt::kPending) {
    WaitForSingleObject(event == nullptr ? handle_.get() : event, INFINITE);
    status = io.Status;
  }
  scope->End();
  return {status, nt::IsSuccess(status) ? static_cast<uint32_t>(io.Information) : 0};
}

BackingFile::Result BackingFile::Read(IoWatch::Scope* scope, void* buffer, uint32_t length,
                                      int64_t offset) const {
  Result result = Run(scope, [&](HANDLE event, IO_STATUS_BLOCK* io) {
    return nt::FileApi::Get().read_file(handle_.get(), event, nullptr, nullptr, io, buffer, length,
                                        &offset, nullptr);
  });
  if (result.status == nt::kEndOfFileReached) {
    return {nt::kSuccess, 0};
  }
  return result;
}

BackingFile::Result BackingFile::Write(IoWatch::Scope* scope, const void* data, uint32_t length,
                                       int64_t offset, Place place) const {
  // With the right to append alone NT writes at the end, whatever the offset says.
  const ACCESS_MASK needed =
      place == Place::kAtEnd ? FILE_WRITE_DATA | FILE_APPEND_DATA : FILE_WRITE_DATA;
  if ((Access() & needed) == 0) {
    return {nt::kAccessDenied, 0};
  }
  int64_t at = place == Place::kAtEnd ? kToEnd : offset;
  return Run(scope, [&](HANDLE event, IO_STATUS_BLOCK* io) {
    return nt::FileApi::Get().write_file(handle_.get(), event, nullptr, nullptr, io, data, length,
                                         &at, nullptr);
  });
}

}  // namespace dokan
