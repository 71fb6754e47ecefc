#include "volume_devices.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <charconv>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>

#include "file_descriptor.h"
#include "mount_table.h"

namespace dokan {
namespace {

// lib/mounts/list.ts has the same.
constexpr std::string_view kVolumeType = "fuse.node-dokan";

// The kernel tells whoever has the list open that it has changed since it was last asked: it is
// read anew only then.
class VolumeDevices {
 public:
  bool Contains(dev_t device) {
    const std::lock_guard lock(mutex_);
    if (!IsCurrent()) {
      Read();
    }
    return devices_.contains(device);
  }

 private:
  bool IsCurrent() {
    if (!watch_.valid()) {
      watch_.Reset(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
      return false;
    }
    pollfd changed = {watch_.get(), POLLPRI, 0};
    return ::poll(&changed, 1, 0) == 0;
  }

  void Read() {
    devices_.clear();
    for (const std::string& number : DevicesOfType(kVolumeType)) {
      if (const std::optional<dev_t> device = Parse(number)) {
        devices_.insert(*device);
      }
    }
  }

  // "0:45"
  static std::optional<dev_t> Parse(std::string_view number) {
    const char* end = number.data() + number.size();
    unsigned major = 0;
    unsigned minor = 0;
    const auto first = std::from_chars(number.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end) {
      return std::nullopt;
    }
    const auto second = std::from_chars(first.ptr + 1, end, minor);
    return second.ec == std::errc() ? std::optional(makedev(major, minor)) : std::nullopt;
  }

  std::mutex mutex_;
  FileDescriptor watch_;
  std::set<dev_t> devices_;
};

}  // namespace

bool IsVolumeDevice(dev_t device) {
  // Never destroyed: threads may still ask while the process ends.
  static VolumeDevices& devices = *new VolumeDevices;
  return devices.Contains(device);
}

}  // namespace dokan
