#include "process_family.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "process_stat.h"

namespace dokan {
namespace {

// More generations than any chain of processes has, should /proc tell of a circle.
constexpr int kMostGenerations = 256;

// Of /proc/PID/stat (proc(5)), counted from the one behind the name.
constexpr int kParentField = 1;
constexpr int kStartedField = 19;

struct Ancestry {
  pid_t parent;
  // Since the machine was started, in clock ticks.
  unsigned long long started;
};

// A /proc of another pid namespace has other processes under our numbers.
bool IsProcOurs() {
  std::array<char, 32> target = {};
  std::array<char, 32> own = {};
  std::snprintf(own.data(), own.size(), "%d", ::getpid());
  return ::readlink("/proc/self", target.data(), target.size() - 1) > 0 &&
         std::strcmp(target.data(), own.data()) == 0;
}

bool IsOwnThread(pid_t thread) {
  std::array<char, 64> path = {};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d", thread);
  return ::access(path.data(), F_OK) == 0;
}

std::optional<unsigned long long> Number(const char* text) {
  char* end = nullptr;
  const unsigned long long value = text == nullptr ? 0 : std::strtoull(text, &end, 10);
  if (text == nullptr || end == text) {
    return std::nullopt;
  }
  return value;
}

std::optional<Ancestry> AncestryOf(pid_t process) {
  std::array<char, 64> path = {};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", process);
  const ProcessStat stat(path.data());
  const std::optional<unsigned long long> parent = Number(stat.Field(kParentField));
  const std::optional<unsigned long long> started = Number(stat.Field(kStartedField));
  if (!parent || !started) {
    return std::nullopt;
  }
  return Ancestry{static_cast<pid_t>(*parent), *started};
}

// The first process of a container, and who has asked for it, become the parent of every process
// that has lost its own.
bool AdoptsOrphans() {
  int is_subreaper = 0;
  return ::getpid() == 1 ||
         (::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper != 0);
}

}  // namespace

bool IsOfThisFamily(pid_t thread) {
  if (thread <= 0 || !IsProcOurs()) {
    return false;
  }
  if (IsOwnThread(thread)) {
    return true;
  }
  if (AdoptsOrphans()) {
    return false;  // Descendants cannot be told from strangers.
  }
  const pid_t self = ::getpid();
  std::optional<Ancestry> member = AncestryOf(thread);
  for (int generation = 0; member && generation < kMostGenerations; ++generation) {
    if (member->parent == self) {
      return true;
    }
    if (member->parent <= 1) {
      return false;
    }
    const std::optional<Ancestry> parent = AncestryOf(member->parent);
    // A parent that is younger than its child has only got the number of the one that has ended.
    if (!parent || parent->started > member->started) {
      return false;
    }
    member = parent;
  }
  return false;
}

}  // namespace dokan
