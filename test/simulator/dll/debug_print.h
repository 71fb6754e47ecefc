// Where the library's messages go: stderr or the debugger.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_DEBUG_PRINT_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_DEBUG_PRINT_H_

#include <string>

namespace simulator {

void SetDebugMode(bool on);
void SetUseStdErr(bool on);

// One whole line, written at once. Nothing happens unless debug mode is on.
// Returns whether it was written.
bool DebugPrint(const std::string& line);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_DEBUG_PRINT_H_
