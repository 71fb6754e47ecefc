#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "open_descriptors.h"

namespace dokan {

// posix_spawn's tables, destroyed on every way out. Our threads block all signals and Node ignores
// SIGPIPE; a program inherits both over exec, and is given a clean start here.
struct SpawnTables {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  // `flags` are POSIX_SPAWN_*, beyond those for signals.
  explicit SpawnTables(short flags = 0) {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(
        &attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | flags));
  }
  ~SpawnTables() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  // Before anything else: what would keep volumes of ours, or their guards. Closing files on exec
  // waits for the volumes that these are of, which may hang, and the new process with it. `kept` is
  // what the following actions copy.
  void CloseFirst(std::initializer_list<int> kept) {
    ForEachDescriptor([&](int descriptor) {
      const int flags = ::fcntl(descriptor, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) != 0 && ClosesAtOnce(descriptor) &&
          std::find(kept.begin(), kept.end(), descriptor) == kept.end()) {
        posix_spawn_file_actions_addclose(&actions, descriptor);
      }
    });
  }
  SpawnTables(const SpawnTables&) = delete;
  SpawnTables& operator=(const SpawnTables&) = delete;
};

// The strings as posix_spawn takes them; valid as long as they are.
inline std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& string : strings) {
    result.push_back(string.data());
  }
  result.push_back(nullptr);
  return result;
}

}  // namespace dokan
