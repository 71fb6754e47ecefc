#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "file_handle.h"
#include "file_table.h"
#include "nt_file_api.h"

namespace dokan {

// The parameters of NtCreateFile.
struct OpenRequest {
  ACCESS_MASK access = 0;
  ULONG attributes = 0;
  ULONG share = nt::kShareAll;
  ULONG disposition = nt::kOpen;
  ULONG options = 0;
  // Self-relative, or empty.
  std::span<uint8_t> descriptor = {};
};

struct OpenResult {
  NTSTATUS status = 0;
  // FILE_SUPERSEDED 0, FILE_OPENED 1, FILE_CREATED 2, FILE_OVERWRITTEN 3.
  ULONG_PTR information = 0;
  FileHandle handle;
};

// NtCreateFile relative to a directory; an empty path is the directory itself. Handles are
// synchronous, whatever the options say. No reparse point is passed through on the way (see
// nt::kDontReparse), and one at the end is opened only as such, with FILE_OPEN_REPARSE_POINT.
OpenResult OpenRelative(const OpenedFile& directory, std::wstring& path,
                        const OpenRequest& request);

// Another handle of an open file, whatever its name is by now.
OpenResult Reopen(const OpenedFile& file, ACCESS_MASK access);

// Calls `work` with the file's handle, and where that may not do it (ACCESS_DENIED) with another
// one that has `access`: who asks has been let in by the volume, maybe for less than NT wants here.
// That the file is being deleted, and so can be opened by nobody, says more than ACCESS_DENIED.
template <typename Work>
NTSTATUS WithAccess(const OpenedFile& file, ACCESS_MASK access, const Work& work) {
  const NTSTATUS status = work(file.handle.get());
  if (status != nt::kAccessDenied) {
    return status;
  }
  const OpenResult other = Reopen(file, access);
  if (nt::IsSuccess(other.status)) {
    return work(other.handle.get());
  }
  const bool is_gone = other.status == nt::kDeletePending || other.status == nt::kFileDeleted;
  return is_gone ? other.status : status;
}

}  // namespace dokan
