#pragma once

#include <string>

#include "fuse_connection.h"
#include "helper_process.h"
#include "system_failure.h"

namespace dokan {

// Mounting and unmounting. All of these block and run on threads of their own, never on the JS
// thread and never on libuv's pool: a file system may need the pool to answer what unmounting asks.

struct DirectMount {
  std::string mount_point;
  std::string source;
  std::string type;
  unsigned long flags = 0;  // MS_*
  std::string data;         // Without fd, rootmode, user_id, group_id.
};

struct HelperMount {
  HelperProgram helper;
  std::string mount_point;
  std::string options;
  bool keep_alive = false;  // The options contain auto_unmount: the helper stays and watches.
};

SystemFailure MountDirect(const DirectMount& request, MountedFileSystem* mounted);
SystemFailure MountWithHelper(const HelperMount& request, MountedFileSystem* mounted);
// Has the kernel write what it has not written yet to the file system at `path`, a directory. Opens
// that, and so takes as long as the file system does.
SystemFailure SyncFileSystem(const std::string& path);

SystemFailure UnmountDirect(const std::string& mount_point, int flags);
SystemFailure UnmountWithHelper(const HelperProgram& helper, const std::string& mount_point,
                                bool lazy);

}  // namespace dokan
