#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "common/volume_state.h"

namespace dokan {

struct VolumeProbe {
  std::string mount_point;
  std::string device_number;  // "0:45"
  uid_t user = 0;             // Who has mounted it, by mountinfo.
  gid_t group = 0;
  std::chrono::milliseconds limit{0};
};

// Asks a volume for its size. Blocks up to the limit; never the thread that serves the volume.
VolumeState ProbeVolume(const VolumeProbe& probe);

}  // namespace dokan
