#pragma once

#include <windows.h>
#include <winternl.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <variant>

#include "file_handle.h"
#include "io_watch.h"

namespace dokan {

// The real file that an open of the volume hands through (file.backingFd), read and written by
// Dokan's threads. It keeps the file open: what the file system closes meanwhile, and whatever gets
// that number next, is nothing to it.
class BackingFile {
 public:
  // One of the file functions', which open nothing but files and directories, synchronous ones.
  explicit BackingFile(SharedFileHandle file)
      : BackingFile(std::move(file), /*is_synchronous=*/true) {}

  // A duplicate of any other handle; else what was wrong with that (GetLastError).
  static std::variant<std::shared_ptr<const BackingFile>, DWORD> Duplicate(HANDLE file);

  // An operation of a Dokan thread. A status that is no success means that nothing was done.
  struct Result {
    NTSTATUS status = 0;
    uint32_t bytes = 0;
  };

  // At the end of the file: a success with fewer bytes, or none.
  Result Read(IoWatch::Scope* scope, void* buffer, uint32_t length, int64_t offset) const;

  enum class Place {
    kAtOffset,
    kAtEnd,  // Whatever the offset says.
  };
  // ACCESS_DENIED without a try where the handle was not opened for such a write.
  Result Write(IoWatch::Scope* scope, const void* data, uint32_t length, int64_t offset,
               Place place) const;

 private:
  BackingFile(SharedFileHandle handle, bool is_synchronous)
      : handle_(std::move(handle)), is_synchronous_(is_synchronous) {}

  // What the handle was opened for.
  ACCESS_MASK Access() const;

  // Calls `work` with what NT wants to know of the wait, and waits.
  template <typename Work>
  Result Run(IoWatch::Scope* scope, Work work) const;

  const SharedFileHandle handle_;
  const bool is_synchronous_;
  mutable std::atomic<ACCESS_MASK> access_{0};  // 0: nobody has asked.
};

}  // namespace dokan
