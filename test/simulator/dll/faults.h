// Calls that are to fail, and with what.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_FAULTS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_FAULTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simulator {

// The next call of an export returns this; every one from now on with `always`.
void AddFault(std::string call, std::int64_t result, bool always, std::uint32_t last_error);

// What DOKAN_SIMULATOR_FAIL says, for calls made before a client can connect:
// `DokanDriverVersion=0,DokanCreateFileSystem=-3*`, a star meaning every call.
void AddFaultsOfEnvironment();

// Asked at the beginning of every export.
std::optional<std::int64_t> TakeFault(std::string_view call);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_FAULTS_H_
