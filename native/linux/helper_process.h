#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "file_descriptor.h"

namespace dokan {

// A mount helper (fusermount3) as a program to run: where it is and what environment it gets.
struct HelperProgram {
  std::string path;
  std::vector<std::string> environment;

  // JS thread only: `environ` changes under setenv, which Node calls there (process.env.X = ...).
  // A path without a slash is looked up in PATH, as a shell does.
  static HelperProgram FromCurrentEnvironment(std::string path);
};

// One run of a helper: spawned without a shell, its stderr collected, its exit waited for. Belongs
// to one thread at a time. SIGCHLD plays no part: libuv waits only for processes it started itself.
class HelperProcess {
 public:
  // Starts `program` with `arguments` (the program's own name is added). `channel` becomes
  // descriptor 3 of the helper and is named in _FUSE_COMMFD; -1 for none. Returns a positive errno.
  [[nodiscard]] int Start(const HelperProgram& program, const std::vector<std::string>& arguments,
                          int channel = -1);

  // Reads stderr until the helper closes it or `watched` (-1 for none) has something to read.
  void CollectErrors(int watched = -1);

  // The rest of stderr, then the exit code (128 + signal when killed). Waits without limit.
  int Finish();

  // The same with a time limit; a helper still running then is killed and left to be reaped by a
  // thread. nullopt: it did not end in time.
  std::optional<int> FinishWithin(std::chrono::milliseconds limit);

  // What it wrote, without white space at the ends.
  std::string ErrorText() const;

 private:
  bool ReadErrors();
  // Leaves it to a thread.

  pid_t pid_ = -1;
  FileDescriptor errors_;
  std::string text_;
};

}  // namespace dokan
