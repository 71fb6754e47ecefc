#pragma once

#include <string>

#include "fuse_connection.h"
#include "helper_process.h"
#include "mount_guard.h"
#include "system_failure.h"

namespace dokan {

// Mounting and unmounting. All of these block and run on threads of their own, never on the JS
// thread and never on libuv's pool: a file system may need the pool to answer what unmounting asks.

struct PlaceRequest {
  std::string mount_point;
  // Mounts only while nothing is mounted there and nobody else of this package is about to, or has
  // a guard there: else it fails with EADDRINUSE of 'claim'.
  bool claim = false;
  GuardRequest guard;
};

struct DirectMount {
  PlaceRequest place;
  std::string source;
  std::string type;
  unsigned long flags = 0;  // MS_*
  std::string data;         // Without fd, rootmode, user_id, group_id.
};

struct HelperMount {
  HelperProgram helper;
  PlaceRequest place;
  std::string options;
};

SystemFailure MountDirect(const DirectMount& request, MountedFileSystem* mounted);
SystemFailure MountWithHelper(const HelperMount& request, MountedFileSystem* mounted);
// Has the kernel write what it has not written yet to the file system at `path`, a directory. Opens
// that, and so takes as long as the file system does.
SystemFailure SyncFileSystem(const std::string& path);

// Ends a connection: see AbortConnection.
SystemFailure CutConnection(const std::string& device_number);

SystemFailure UnmountDirect(const std::string& mount_point, int flags);
SystemFailure UnmountWithHelper(const HelperProgram& helper, const std::string& mount_point,
                                bool lazy);

}  // namespace dokan
