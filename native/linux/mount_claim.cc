#include "mount_claim.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace dokan {
namespace {

// FNV-1a. A path may be longer than the name of a socket.
uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char character : text) {
    hash = (hash ^ static_cast<uint8_t>(character)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

int ClaimMountPoint(const std::string& mount_point, FileDescriptor* claim) {
  struct stat mount_namespace = {};
  if (::stat("/proc/self/ns/mnt", &mount_namespace) != 0) {
    return errno;
  }
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return errno;
  }
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // A name that begins with a zero byte is in no file system (unix(7)).
  const int length =
      std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "node-dokan/%llx/%016llx",
                    static_cast<unsigned long long>(mount_namespace.st_ino),
                    static_cast<unsigned long long>(Hash(mount_point)));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return errno;
  }
  *claim = std::move(socket);
  return 0;
}

}  // namespace dokan
