// What the whole process has open, whoever opened it.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_PROCESS_COUNTS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_PROCESS_COUNTS_H_

#include <cstddef>

namespace simulator {

struct ProcessCounts {
  std::size_t handles;
  std::size_t threads;
};

// Zeros for what the system does not tell.
ProcessCounts CountOfProcess();

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_PROCESS_COUNTS_H_
