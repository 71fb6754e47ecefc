#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dokan {

// What tells one mount from another at the same place, while both exist: the kernel reuses both
// numbers as soon as a mount is gone.
struct MountIdentity {
  std::string mount_id;       // mountinfo field 1
  std::string device_number;  // mountinfo field 3, "0:45"

  bool operator==(const MountIdentity&) const = default;
};

// The topmost mount at `mount_point` (a real path, as bytes), from /proc/self/mountinfo. Reads only
// that list: stat on the mount point would send a request to a file system that may hang.
std::optional<MountIdentity> TopmostMount(const std::string& mount_point);

// The device numbers ("0:45") of all mounts of that type, from the same list.
std::vector<std::string> DevicesOfType(std::string_view type);

}  // namespace dokan
