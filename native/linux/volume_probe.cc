#include "volume_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

#include "child_process.h"
#include "common/claims.h"
#include "common/thread.h"
#include "file_descriptor.h"
#include "open_descriptors.h"

// A process of its own asks, not a thread. A request that the volume's process has read and does
// not answer cannot be given up: not by SIGKILL either, so a thread in it would keep this process
// from ending. And what asks in the name of another user belongs to that user while it does: it
// may be killed and traced by them.
namespace dokan {
namespace {

using std::chrono::steady_clock;

// The calls without a number take 16 bits on 32-bit systems.
#ifdef SYS_setresuid32
constexpr long kSetUser = SYS_setresuid32;
constexpr long kSetGroup = SYS_setresgid32;
#else
constexpr long kSetUser = SYS_setresuid;
constexpr long kSetGroup = SYS_setresgid;
#endif

#ifndef SYS_pidfd_open
constexpr long SYS_pidfd_open = 434;  // The same on every architecture.
#endif

// How long a process that has answered may take to end. One that has copies of files of a volume
// that hangs takes as long as that does.
constexpr std::chrono::milliseconds kEndLimit{100};

// Of all volumes of this process and its Workers, by device number: the kernel does not give that
// to another volume while somebody still asks this one. Never destroyed: threads outlive exit().
Claims& BeingAsked() {
  static Claims& claims = *new Claims;
  return claims;
}

// What the other process needs, ready to be used: it is a copy of one thread of this one, whose
// locks (malloc's) may be held for ever.
struct Question {
  const char* path;
  unsigned major;
  unsigned minor;
  uid_t user;
  gid_t group;
  pid_t parent;
  int answer;  // Where to write the VolumeState.
};

// Files stay open until this process ends: closing one of a volume that hangs would not come back.
void CloseWhatEndsVolumes(int kept) {
  ForEachDescriptor([kept](int descriptor) {
    if (descriptor != kept && ClosesAtOnce(descriptor)) {
      ::close(descriptor);
    }
  });
}

// Without `allow_other` a volume answers to whoever mounted it alone, root not excepted. The C
// library's functions would change every thread, and this process has no others.
void BecomeOwner(const Question& question) {
  if (::geteuid() != 0) {
    return;
  }
  // Where that is not possible the volume refuses, and says so.
  static_cast<void>(::syscall(kSetGroup, question.group, question.group, question.group));
  static_cast<void>(::syscall(kSetUser, question.user, question.user, question.user));
  // The owner may kill this process, and neither trace it nor use what it has open. The kernel does
  // the same when the user changes, unless it was set up otherwise.
  ::prctl(PR_SET_DUMPABLE, 0);
}

bool IsDead(int error) {
  return error == ENOTCONN || error == ECONNABORTED;
}

VolumeState AskVolume(const Question& question) {
  // None of this reaches the process behind the volume.
  const FileDescriptor place(::open(question.path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct statx status = {};
  constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  // Where statfs answers zeros to whom the volume does not let in, this fails.
  if (!place.valid() || ::statx(place.get(), "", kFlags, STATX_TYPE, &status) != 0) {
    return IsDead(errno) ? VolumeState::kDead : VolumeState::kUnknown;
  }
  // Something is mounted on top, or over a directory that leads there.
  if (status.stx_dev_major != question.major || status.stx_dev_minor != question.minor) {
    return VolumeState::kUnknown;
  }
  struct statfs size = {};
  if (::fstatfs(place.get(), &size) == 0) {
    return VolumeState::kLive;
  }
  // It has a thread that does not serve, while that waits for itself: see ServingWatch.
  if (errno == EDEADLK) {
    return VolumeState::kHung;
  }
  // Any other error is an answer, too.
  return IsDead(errno) ? VolumeState::kDead : VolumeState::kLive;
}

[[noreturn]] void AskAndExit(const Question& question) {
  // A volume ends when its device is closed everywhere, its guard acts when their pipe is: copies
  // here would keep those of this process.
  CloseWhatEndsVolumes(question.answer);
  BecomeOwner(question);
  // It goes when the thread that waits for it does. Not before: a change of user takes this back.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == question.parent) {
    const VolumeState state = AskVolume(question);
    static_cast<void>(!::write(question.answer, &state, sizeof state));
  }
  ::_exit(0);
}

// fork(2) without what the C library does around it, and without a SIGCHLD when it ends.
pid_t Fork() {
  return static_cast<pid_t>(::syscall(SYS_clone, 0L, nullptr, nullptr, nullptr, nullptr));
}

// False: it has not ended by then.
bool ReapWithin(pid_t child, std::chrono::milliseconds limit) {
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0U)));
  pollfd ended = {process.get(), POLLIN, 0};
  if (!process.valid() || ::poll(&ended, 1, static_cast<int>(limit.count())) != 1) {
    return false;
  }
  Reap(child);
  return true;
}

// What the other process says, or nothing of it by the deadline.
std::optional<VolumeState> AwaitAnswer(int pipe, steady_clock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    pollfd entry = {pipe, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1'000'000)));
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return std::nullopt;
    }
    VolumeState state = VolumeState::kUnknown;
    // Without an answer it was killed by somebody.
    return ::read(pipe, &state, sizeof state) == sizeof state ? state : VolumeState::kUnknown;
  }
}

VolumeState Ask(const VolumeProbe& probe, unsigned major, unsigned minor,
                steady_clock::time_point deadline) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    BeingAsked().Release(probe.device_number);
    return VolumeState::kUnknown;
  }
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const Question question = {
      probe.mount_point.c_str(), major, minor, probe.user, probe.group, ::getpid(), writing.get()};
  const pid_t child = Fork();
  if (child == 0) {
    AskAndExit(question);
  }
  if (child < 0) {
    BeingAsked().Release(probe.device_number);
    return VolumeState::kUnknown;
  }
  writing.Reset();
  const std::optional<VolumeState> answer = AwaitAnswer(reading.get(), deadline);
  ::kill(child, SIGKILL);
  // It has let go of the volume when it answers.
  if (answer) {
    BeingAsked().Release(probe.device_number);
    if (ReapWithin(child, kEndLimit)) {
      return *answer;
    }
  }
  // It may take as long as a volume does. This process may end meanwhile.
  const auto reap = [child, is_asking = !answer, device = probe.device_number] {
    Reap(child);
    if (is_asking) {
      BeingAsked().Release(device);
    }
  };
  if (!StartThread(reap) && !answer) {
    BeingAsked().Release(probe.device_number);  // A zombie stays until this process ends.
  }
  return answer.value_or(VolumeState::kHung);
}

}  // namespace

VolumeState ProbeVolume(const VolumeProbe& probe) {
  unsigned major = 0;
  unsigned minor = 0;
  const std::string& number = probe.device_number;
  const char* const end = number.data() + number.size();
  const auto [colon, first] = std::from_chars(number.data(), end, major);
  if (first != std::errc{} || colon == end ||
      std::from_chars(colon + 1, end, minor).ec != std::errc{}) {
    return VolumeState::kUnknown;
  }
  const auto deadline = steady_clock::now() + probe.limit;
  // Somebody has been asking it all the time.
  if (!BeingAsked().Take(probe.device_number, deadline)) {
    return VolumeState::kHung;
  }
  return Ask(probe, major, minor, deadline);
}

}  // namespace dokan
