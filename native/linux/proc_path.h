#pragma once

#include <array>
#include <cstdio>

namespace dokan {

// A path that leads to exactly the thing an O_PATH descriptor stands for, for calls that take no
// such descriptor. Followed, it ends there even when the thing is a symbolic link.
class ProcPath {
 public:
  explicit ProcPath(int fd) { std::snprintf(text_.data(), text_.size(), "/proc/self/fd/%d", fd); }
  const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 32> text_;
};

}  // namespace dokan
