#pragma once

#include <string>

#include "file_descriptor.h"

namespace dokan {

// Claims a mount point, among the processes of this package in this mount namespace: whoever mounts
// there holds the claim meanwhile, and hands it to its guard. So nobody mounts at a place whose
// former guard is still about to act. The claim is a name in the kernel's memory that goes with its
// last holder, and leaves nothing behind.
//
// `mount_point` is a real path. Returns EADDRINUSE when it is taken, or another positive errno; 0
// and the descriptor that holds it.
int ClaimMountPoint(const std::string& mount_point, FileDescriptor* claim);

}  // namespace dokan
