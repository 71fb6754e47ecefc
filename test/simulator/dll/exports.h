// Marks a function as one of the library's exports. On x64 there is one calling convention, and
// dokan2.def gives the names undecorated.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_EXPORTS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_EXPORTS_H_

#include "dokan_abi.h"
#include "faults.h"

#define SIMULATOR_EXPORT(result) extern "C" result __stdcall

// First in every export: a test may have ordered that this call fails.
#define SIMULATOR_MAY_FAIL(call, result) \
  if (const auto fault = ::simulator::TakeFault(call)) return (result)(*fault)

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_EXPORTS_H_
