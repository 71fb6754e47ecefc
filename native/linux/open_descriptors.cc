#include "open_descriptors.h"

#include <sys/stat.h>

namespace dokan {

bool ClosesAtOnce(int descriptor) {
  struct statx status = {};
  // What the kernel knows already: the volume of the file is not asked.
  constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (::statx(descriptor, "", kFlags, STATX_TYPE, &status) != 0) {
    return false;
  }
  const unsigned type = status.stx_mode & S_IFMT;
  return type != S_IFREG && type != S_IFDIR;
}

}  // namespace dokan
