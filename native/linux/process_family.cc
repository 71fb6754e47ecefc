#include "process_family.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "file_descriptor.h"

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

// A number in a line of fields, each after a space.
std::optional<unsigned long long> Field(const char* at, int index) {
  for (int i = 0; i <= index; ++i) {
    at = std::strchr(at, ' ');
    if (at == nullptr) {
      return std::nullopt;
    }
    ++at;
  }
  char* end = nullptr;
  const unsigned long long value = std::strtoull(at, &end, 10);
  if (end == at) {
    return std::nullopt;
  }
  return value;
}

std::optional<Ancestry> AncestryOf(pid_t process) {
  std::array<char, 64> path = {};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", process);
  const FileDescriptor file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text = {};
  if (!file.valid() || ::read(file.get(), text.data(), text.size() - 1) <= 0) {
    return std::nullopt;
  }
  // "id (name) state parent ... started ...": the name may hold anything.
  const char* const name_end = std::strrchr(text.data(), ')');
  if (name_end == nullptr) {
    return std::nullopt;
  }
  const std::optional<unsigned long long> parent = Field(name_end + 1, kParentField);
  const std::optional<unsigned long long> started = Field(name_end + 1, kStartedField);
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
