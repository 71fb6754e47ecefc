#pragma once

#include <napi.h>

#include <string>

namespace dokan {

// Why a blocking operation failed. Made on any thread, turned into an Error on the JS thread.
struct SystemFailure {
  int error = 0;        // Positive errno; 0 when a helper program said no.
  std::string syscall;  // 'open', 'mount', 'umount', 'spawn'
  std::string path;     // What it was done to, as bytes.
  int exit_code = 0;    // Helper: exit code, or 128 + signal.
  std::string detail;   // Helper: what it wrote to stderr.

  bool failed() const { return !syscall.empty(); }

  static SystemFailure FromErrno(int error, std::string syscall, std::string path) {
    return {error, std::move(syscall), std::move(path), 0, {}};
  }

  // JS thread. Error {code, errno?, syscall, path, exitCode?, detail?}.
  Napi::Error ToError(Napi::Env env) const;
};

}  // namespace dokan
