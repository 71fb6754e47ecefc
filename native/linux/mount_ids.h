#ifndef NODE_DOKAN_LINUX_MOUNT_IDS_H_
#define NODE_DOKAN_LINUX_MOUNT_IDS_H_

#include <cstdint>
#include <string>

namespace dokan {

// The number of the mount on top at a path, which no other one ever gets: 0 where it is not known.
// Asks no file system that is mounted there.
int64_t UniqueMountId(const std::string& path);

// The number that a mount has in /proc/self/mountinfo as long as it is there: 0 when it is there no
// more, or in another mount namespace, -1 where that is not known. Looks at no path, and so leaves
// the mark of MNT_EXPIRE alone.
int64_t ListedMountId(int64_t unique_id);

}  // namespace dokan

#endif  // NODE_DOKAN_LINUX_MOUNT_IDS_H_
