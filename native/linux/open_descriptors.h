#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <system_error>

#include "file_descriptor.h"

namespace dokan {

// Whether it can be closed without anybody being asked. Closing a file of a FUSE volume waits for
// that volume, which may hang, and nothing ends that wait. Devices, pipes and sockets do not wait;
// all that keeps a volume, its guard or its place alive is one of these.
bool ClosesAtOnce(int descriptor);

// Calls `take` with the number of each descriptor of this process. Neither allocates nor locks:
// also for a copy of this process made by fork. `take` may close what it is given.
template <typename Take>
void ForEachDescriptor(Take take) {
  const FileDescriptor directory(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(16) char entries[4096];
  long length = 0;
  while (directory.valid() &&
         (length = ::syscall(SYS_getdents64, directory.get(), entries, sizeof entries)) > 0) {
    for (long at = 0; at < length;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      int descriptor = -1;  // What `.` and `..` stay.
      std::from_chars(entry->d_name, entry->d_name + std::strlen(entry->d_name), descriptor);
      if (descriptor >= 0 && descriptor != directory.get()) {
        take(descriptor);
      }
    }
  }
}

}  // namespace dokan
