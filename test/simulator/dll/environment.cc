#include "environment.h"

#include <cstdlib>

#include "dokan_abi.h"

namespace simulator {

// GetEnvironmentVariable, not getenv: the host program may have set it after this library's own
// C runtime took its copy.
std::string Environment(const char* name) {
  char value[1024];
  const DWORD length = GetEnvironmentVariableA(name, value, sizeof value);
  return length > 0 && length < sizeof value ? std::string(value, length) : std::string();
}

std::uint64_t EnvironmentNumber(const char* name) {
  return std::strtoull(Environment(name).c_str(), nullptr, 10);
}

}  // namespace simulator
