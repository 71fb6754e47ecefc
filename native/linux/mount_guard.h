#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "file_descriptor.h"
#include "mount_table.h"

namespace dokan {

// What lib/hosts/fuse/guard.ts asks for.
struct GuardRequest {
  std::vector<std::string> command;  // The program first; empty for no guard.
  std::vector<std::string> environment;
};

// A small process that outlives ours and takes a dead mount away. Its standard input is a pipe from
// us: a line names the mount, another one ends it; the end of the file means that we are gone. It
// has a session of its own and none of our other descriptors. One thread at a time.
class MountGuard {
 public:
  // `claim` (see mount_claim.h; -1 for none) becomes descriptor 3 of the guard and of what it
  // starts. Null when it cannot be started: the mount is then without a guard.
  static std::unique_ptr<MountGuard> Start(const GuardRequest& request, int claim);

  // Unless dismissed, it takes the mount away when it is still there.
  ~MountGuard();
  MountGuard(const MountGuard&) = delete;
  MountGuard& operator=(const MountGuard&) = delete;

  // What it is to look for, once that is known. False: the guard has ended already.
  [[nodiscard]] bool Watch(const MountIdentity& identity);

  // The volume has ended in order: there is nothing to do for it.
  void Dismiss();

 private:
  MountGuard(pid_t pid, FileDescriptor pipe);
  bool Tell(const std::string& line);

  const pid_t pid_;
  FileDescriptor pipe_;
};

}  // namespace dokan
