#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace dokan {

// Files that the kernel reads and writes itself on behalf of opens (FUSE passthrough, Linux 6.9),
// by the number it gave them. Serving thread only.
class KernelPassthrough {
 public:
  // The file's number (from 1), for as long as it is not closed, whatever becomes of `fd`. -errno:
  // -EPERM without CAP_SYS_ADMIN in the initial user namespace, -ELOOP for a file that lies on a
  // stacked file system (overlayfs), -EOPNOTSUPP or -ENOTTY on other kernels. `for_others`: not
  // only the user of this process may write to it.
  int64_t Open(int device, int fd, bool for_others);
  void Close(int device, int32_t id);

  // Whether the file with that number is the one of the descriptor.
  bool IsOf(int32_t id, int fd) const;

 private:
  using Identity = std::pair<dev_t, ino_t>;

  std::map<int32_t, Identity> files_;
  // Devices whose files lie too deep: asked for once.
  std::set<dev_t> too_deep_;
};

}  // namespace dokan
