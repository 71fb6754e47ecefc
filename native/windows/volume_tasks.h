#pragma once

#include <memory>

#include "common/background_tasks.h"
#include "volume_instance.h"

namespace dokan {

class DokanVolume;

// What a volume does on threads of their own: mounting, whose result is the mount point, and
// closing. JS thread.
std::unique_ptr<BackgroundTask> MakeMountTask(DokanVolume* volume,
                                              std::shared_ptr<VolumeInstance> instance,
                                              MountOptions options);
std::unique_ptr<BackgroundTask> MakeCloseTask(DokanVolume* volume,
                                              std::shared_ptr<VolumeInstance> instance);

}  // namespace dokan
