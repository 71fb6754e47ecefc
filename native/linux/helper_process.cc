#include "helper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "child_process.h"
#include "spawn_tables.h"

namespace dokan {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kChannel = 3;
constexpr std::string_view kChannelVariable = "_FUSE_COMMFD=";
// A helper writes a line or two; whatever comes beyond this is read and dropped.
constexpr size_t kErrorTextLimit = 16384;

int ExitCode(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

HelperProgram HelperProgram::FromCurrentEnvironment(std::string path) {
  HelperProgram program{std::move(path), {}};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(kChannelVariable)) {
      program.environment.emplace_back(*entry);
    }
  }
  return program;
}

int HelperProcess::Start(const HelperProgram& program, const std::vector<std::string>& arguments,
                         int channel) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return errno;
  }
  errors_.Reset(ends[0]);
  const FileDescriptor pipe_end(ends[1]);
  // Copies above the numbers they are given in the helper, so that no dup2 overwrites the next.
  const FileDescriptor errors(::fcntl(pipe_end.get(), F_DUPFD_CLOEXEC, kChannel + 1));
  const FileDescriptor passed(channel < 0 ? -1 : ::fcntl(channel, F_DUPFD_CLOEXEC, kChannel + 1));
  if (!errors.valid() || (channel >= 0 && !passed.valid())) {
    return errno;
  }

  std::vector<std::string> argument_list = {program.path};
  argument_list.insert(argument_list.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = program.environment;
  SpawnTables tables;
  tables.CloseFirst({errors.get(), passed.get()});
  posix_spawn_file_actions_addopen(&tables.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&tables.actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&tables.actions, errors.get(), 2);
  if (channel >= 0) {
    posix_spawn_file_actions_adddup2(&tables.actions, passed.get(), kChannel);
    environment.push_back(std::string(kChannelVariable) + std::to_string(kChannel));
  }
  return ::posix_spawnp(&pid_, program.path.c_str(), &tables.actions, &tables.attributes,
                        Pointers(argument_list).data(), Pointers(environment).data());
}

bool HelperProcess::ReadErrors() {
  std::array<char, 4096> chunk;
  const ssize_t count = ::read(errors_.get(), chunk.data(), chunk.size());
  if (count > 0) {
    const size_t room = kErrorTextLimit - std::min(kErrorTextLimit, text_.size());
    text_.append(chunk.data(), std::min(static_cast<size_t>(count), room));
    return true;
  }
  if (count < 0 && errno == EINTR) {
    return true;
  }
  errors_.Reset();
  return false;
}

void HelperProcess::CollectErrors(int watched) {
  while (errors_.valid()) {
    std::array<pollfd, 2> entries = {pollfd{errors_.get(), POLLIN, 0}, pollfd{watched, POLLIN, 0}};
    if (::poll(entries.data(), entries.size(), -1) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return;
    }
    if (entries[0].revents != 0 && !ReadErrors()) {
      return;
    }
    if (entries[1].revents != 0) {
      return;
    }
  }
}

int HelperProcess::Finish() {
  CollectErrors();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) {
      // ECHILD: the program ignores SIGCHLD, the kernel reaped for us and keeps no exit code.
      return 0;
    }
  }
  return ExitCode(status);
}

std::optional<int> HelperProcess::FinishWithin(milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      return ExitCode(status);
    }
    if (ended < 0 && errno != EINTR) {
      return 0;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) {
      ::kill(pid_, SIGKILL);
      (void)ReapLater(pid_);
      return std::nullopt;
    }
    // The helper's exit closes stderr and ends this wait at once; the short limit covers one that
    // closed stderr before.
    pollfd entry = {errors_.get(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(std::min<int64_t>(left.count(), 5))) > 0) {
      ReadErrors();
    }
  }
}

std::string HelperProcess::ErrorText() const {
  constexpr std::string_view kWhite = " \t\r\n";
  const size_t first = text_.find_first_not_of(kWhite);
  if (first == std::string::npos) {
    return {};
  }
  return text_.substr(first, text_.find_last_not_of(kWhite) - first + 1);
}

}  // namespace dokan
