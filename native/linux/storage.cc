#include "storage.h"

#include <sys/vfs.h>

namespace dokan {

Storage StorageOf(int fd) {
  struct statfs status = {};
  if (::fstatfs(fd, &status) != 0) {
    return Storage::kOther;
  }
  switch (static_cast<uint32_t>(status.f_type)) {
    case 0xef53:      // ext2, ext3, ext4
    case 0x58465342:  // XFS
    case 0x9123683e:  // Btrfs
    case 0xf2f52010:  // F2FS
      return Storage::kDisk;
    case 0x01021994:  // tmpfs
      return Storage::kMemory;
    default:
      return Storage::kOther;
  }
}

}  // namespace dokan
