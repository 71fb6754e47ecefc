#include "kernel_passthrough.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace dokan {
namespace {

// struct fuse_backing_map of linux/fuse.h from 7.40 on, and its ioctls.
struct BackingMap {
  int32_t fd;
  uint32_t flags;
  uint64_t padding;
};
static_assert(sizeof(BackingMap) == 16);

constexpr unsigned kDeviceMagic = 229;
const unsigned long kBackingOpen = _IOW(kDeviceMagic, 1, BackingMap);
const unsigned long kBackingClose = _IOW(kDeviceMagic, 2, uint32_t);

// The kernel writes such a file with the rights this thread has when it hands it over. With
// CAP_FSETID a write would leave set-user-ID on a program that somebody without rights changes: the
// kernel leaves it to the file system to take that away, and does not ask it about these writes.
class WithoutSetIdRight {
 public:
  WithoutSetIdRight() {
    if (::syscall(SYS_capget, &header_, before_.data()) != 0 || !Has()) {
      return;
    }
    Sets lowered = before_;
    lowered[kWord].effective &= ~kBit;
    lowered_ = ::syscall(SYS_capset, &header_, lowered.data()) == 0;
  }
  ~WithoutSetIdRight() {
    if (lowered_) {
      ::syscall(SYS_capset, &header_, before_.data());
    }
  }
  WithoutSetIdRight(const WithoutSetIdRight&) = delete;
  WithoutSetIdRight& operator=(const WithoutSetIdRight&) = delete;

 private:
  using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;
  static constexpr size_t kWord = CAP_TO_INDEX(CAP_FSETID);
  static constexpr uint32_t kBit = CAP_TO_MASK(CAP_FSETID);

  bool Has() const { return (before_[kWord].effective & kBit) != 0; }

  // Thread 0 is the calling one; others keep what they have.
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  Sets before_ = {};
  bool lowered_ = false;
};

}  // namespace

int64_t KernelPassthrough::Open(int device, int fd, bool for_others) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return -errno;
  }
  if (too_deep_.contains(status.st_dev)) {
    return -ELOOP;
  }
  const BackingMap map = {fd, 0, 0};
  int id = 0;
  {
    std::optional<WithoutSetIdRight> right;
    if (for_others) {
      right.emplace();
    }
    id = ::ioctl(device, kBackingOpen, &map);
    id = id < 0 ? -errno : id;
  }
  if (id > 0) {
    files_[id] = {status.st_dev, status.st_ino};
  } else if (id == -ELOOP) {
    too_deep_.insert(status.st_dev);
  }
  return id;
}

void KernelPassthrough::Close(int device, int32_t id) {
  if (files_.erase(id) != 0) {
    const auto number = static_cast<uint32_t>(id);
    ::ioctl(device, kBackingClose, &number);
  }
}

bool KernelPassthrough::IsOf(int32_t id, int fd) const {
  const auto file = files_.find(id);
  struct stat status = {};
  return file != files_.end() && ::fstat(fd, &status) == 0 &&
         file->second == Identity{status.st_dev, status.st_ino};
}

}  // namespace dokan
