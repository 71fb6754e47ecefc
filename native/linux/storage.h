#pragma once

#include <cstdint>

namespace dokan {

// What is behind an open file, as far as it matters here.
enum class Storage : uint8_t {
  // A server, say, which may not answer for ever; or nothing that is known.
  kOther,
  // A disk of this machine. Whoever changes data there, by a map as well, gets the time of change
  // set by this very system.
  kDisk,
  // tmpfs: as near as a disk, but maps leave times alone.
  kMemory,
};

Storage StorageOf(int fd);

}  // namespace dokan
