#pragma once

#include <array>

namespace dokan {

// The fields of a process or thread in /proc/.../stat (proc(5)), from its state on. The name before
// them may hold anything, parentheses and spaces as well.
class ProcessStat {
 public:
  explicit ProcessStat(const char* path);
  ProcessStat(const ProcessStat&) = delete;
  ProcessStat& operator=(const ProcessStat&) = delete;
  ~ProcessStat() = default;

  // The field with that number, the state being 0, and what comes after it; nullptr when there is
  // none, or no such process.
  const char* Field(int number) const;

 private:
  std::array<char, 1024> text_ = {};
  const char* fields_ = nullptr;
};

}  // namespace dokan
