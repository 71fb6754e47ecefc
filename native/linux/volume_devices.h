#pragma once

#include <sys/types.h>

namespace dokan {

// Whether a volume of this package is mounted from that device, by the kernel's own list. Costs one
// system call while nothing is mounted or unmounted. Safe on any thread.
//
// The answer is right for a file that is held open: its device number cannot be given to another
// file system meanwhile.
bool IsVolumeDevice(dev_t device);

}  // namespace dokan
