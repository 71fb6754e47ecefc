#include "backed_transfer.h"

#include "dokan_status.h"
#include "volume_instance.h"

namespace dokan {
namespace {

constexpr LONGLONG kLargestInteger = (LONGLONG{1} << 53) - 1;
// NT's counts have 32 bits, and drivers round up to pages and sectors.
constexpr DWORD kLongest = DWORD{1} << 30;

template <typename Work>
std::optional<NTSTATUS> Run(DWORD* done, abi::FileInfo* info, Work work) {
  VolumeInstance* const volume = VolumeInstance::Of(info);
  if (volume->queue().IsClosed()) {
    return status::kVolumeDismounted;
  }
  IoWatch::Scope scope(&volume->io_watch(), info);
  if (!scope) {
    return std::nullopt;
  }
  const BackingFile::Result result = work(&scope);
  if (status::IsSuccess(result.status)) {
    *done = result.bytes;
    return status::kSuccess;
  }
  if (scope.timed_out()) {
    return status::kIoTimeout;
  }
  return std::nullopt;
}

}  // namespace

std::optional<NTSTATUS> ReadBacked(const BackingFile& file, LPVOID buffer, DWORD length,
                                   LONGLONG offset, DWORD* done, abi::FileInfo* info) {
  if (offset < 0 || offset > kLargestInteger || length > kLongest) {
    return std::nullopt;
  }
  return Run(done, info,
             [&](IoWatch::Scope* scope) { return file.Read(scope, buffer, length, offset); });
}

std::optional<NTSTATUS> WriteBacked(const BackingFile& file, LPCVOID data, DWORD length,
                                    LONGLONG offset, DWORD* done, abi::FileInfo* info) {
  const bool at_end = info->write_to_end_of_file != 0;
  // Pages are whole and files need not be: no page may extend one, nor may the file be cut between
  // the look at its size and the write, which nobody but JavaScript can see to.
  if (info->paging_io != 0 || length > kLongest ||
      (!at_end && (offset < 0 || offset > kLargestInteger))) {
    return std::nullopt;
  }
  const auto place = at_end ? BackingFile::Place::kAtEnd : BackingFile::Place::kAtOffset;
  return Run(done, info,
             [&](IoWatch::Scope* scope) { return file.Write(scope, data, length, offset, place); });
}

}  // namespace dokan
