#include "mount_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "child_process.h"
#include "open_descriptors.h"
#include "spawn_tables.h"

namespace dokan {
namespace {

constexpr int kClaim = 3;
constexpr int kFirstFree = kClaim + 1;

FileDescriptor CopyAbove(int descriptor) {
  return FileDescriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, kFirstFree));
}

// What the program would inherit: this process was started with it, or opened it without care.
void CloseInherited(posix_spawn_file_actions_t* actions) {
  ForEachDescriptor([actions](int descriptor) {
    const int flags = descriptor > kClaim ? ::fcntl(descriptor, F_GETFD) : -1;
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
      posix_spawn_file_actions_addclose(actions, descriptor);
    }
  });
}

}  // namespace

std::unique_ptr<MountGuard> MountGuard::Start(const GuardRequest& request, int claim) {
  int ends[2];
  if (request.command.empty() || ::pipe2(ends, O_CLOEXEC) != 0) {
    return nullptr;
  }
  const FileDescriptor pipe_end(ends[0]);
  FileDescriptor ours(ends[1]);
  // Copies above the numbers they are given there, so that no dup2 overwrites the next.
  const FileDescriptor input = CopyAbove(pipe_end.get());
  const FileDescriptor passed = claim < 0 ? FileDescriptor() : CopyAbove(claim);
  if (!input.valid()) {
    return nullptr;
  }
  SpawnTables tables(POSIX_SPAWN_SETSID);
  tables.CloseFirst({input.get(), passed.get()});
  posix_spawn_file_actions_adddup2(&tables.actions, input.get(), 0);
  posix_spawn_file_actions_addopen(&tables.actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&tables.actions, 2, "/dev/null", O_WRONLY, 0);
  if (passed.valid()) {
    posix_spawn_file_actions_adddup2(&tables.actions, passed.get(), kClaim);
  } else {
    posix_spawn_file_actions_addclose(&tables.actions, kClaim);
  }
  CloseInherited(&tables.actions);
  std::vector<std::string> command = request.command;
  std::vector<std::string> environment = request.environment;
  pid_t pid = -1;
  if (::posix_spawn(&pid, command.front().c_str(), &tables.actions, &tables.attributes,
                    Pointers(command).data(), Pointers(environment).data()) != 0) {
    return nullptr;
  }
  return std::unique_ptr<MountGuard>(new MountGuard(pid, std::move(ours)));
}

MountGuard::MountGuard(pid_t pid, FileDescriptor pipe) : pid_(pid), pipe_(std::move(pipe)) {}

MountGuard::~MountGuard() {
  pipe_.Reset();
  (void)ReapLater(pid_);
}

bool MountGuard::Watch(const MountIdentity& identity) {
  return Tell(identity.mount_id + ' ' + identity.device_number + '\n');
}

void MountGuard::Dismiss() {
  // Two lines: it may never have been told what to watch.
  Tell("\n\n");
  pipe_.Reset();
}

// SIGPIPE is ignored by Node.
bool MountGuard::Tell(const std::string& line) {
  ssize_t written = -1;
  while (pipe_.valid() && (written = ::write(pipe_.get(), line.data(), line.size())) < 0 &&
         errno == EINTR) {
  }
  return written > 0;
}

}  // namespace dokan
