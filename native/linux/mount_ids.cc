#include "mount_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dokan {
namespace {

// STATX_MNT_ID_UNIQUE of Linux 6.8, which headers may not have.
constexpr unsigned int kUniqueMountId = 0x4000;

// statmount(2) of Linux 6.8: the number that new system calls have on all machines.
#ifdef SYS_statmount
constexpr int64_t kStatMount = SYS_statmount;
#else
constexpr int64_t kStatMount = 457;
#endif
constexpr uint64_t kMountBasic = 2;

// struct mnt_id_req of Linux 6.8.
struct MountRequest {
  uint32_t size = 24;
  uint32_t spare = 0;
  uint64_t unique_id = 0;
  uint64_t wanted = kMountBasic;
};
static_assert(sizeof(MountRequest) == 24);

// struct statmount, as far as kMountBasic goes.
struct MountStatus {
  uint32_t size = 0;
  uint32_t options = 0;
  uint64_t given = 0;
  uint32_t device[2] = {};
  uint64_t magic = 0;
  uint32_t super_block_flags = 0;
  uint32_t type = 0;
  uint64_t unique_id = 0;
  uint64_t unique_parent_id = 0;
  uint32_t listed_id = 0;
  uint32_t listed_parent_id = 0;
  // The kernel fills as much as it knows.
  uint8_t rest[512 - 64] = {};
};
static_assert(sizeof(MountStatus) == 512);

}  // namespace

int64_t UniqueMountId(const std::string& path) {
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  struct statx status = {};
  if (::statx(AT_FDCWD, path.c_str(), kFlags, kUniqueMountId, &status) != 0 ||
      (status.stx_mask & kUniqueMountId) == 0) {
    return 0;
  }
  return static_cast<int64_t>(status.stx_mnt_id);
}

int64_t ListedMountId(int64_t unique_id) {
  MountRequest request;
  request.unique_id = static_cast<uint64_t>(unique_id);
  MountStatus status;
  if (::syscall(kStatMount, &request, &status, sizeof status, 0) != 0) {
    // Others: a kernel that does not know it, or a sandbox that does not allow it.
    return errno == ENOENT ? 0 : -1;
  }
  return (status.given & kMountBasic) == 0 ? -1 : status.listed_id;
}

}  // namespace dokan
