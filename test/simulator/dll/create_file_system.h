// Mounting: the library's checks, then the driver's.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_CREATE_FILE_SYSTEM_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_CREATE_FILE_SYSTEM_H_

#include "dokan_abi.h"

namespace simulator {

// A MountResult; `handle` may be null and is null after a failure.
int CreateFileSystem(Options* options, Operations* operations, void** handle);

// Unmounts, waits for all threads, gives everything back.
void CloseFileSystem(const void* handle);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_CREATE_FILE_SYSTEM_H_
