// Settings of the simulator, from the environment of the process it is loaded into.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_ENVIRONMENT_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_ENVIRONMENT_H_

#include <cstdint>
#include <string>

namespace simulator {

// Empty when not set.
std::string Environment(const char* name);
// 0 when not set.
std::uint64_t EnvironmentNumber(const char* name);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_ENVIRONMENT_H_
