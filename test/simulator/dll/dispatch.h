// One row per order of the driver: what the library makes of it.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_DISPATCH_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_DISPATCH_H_

#include <string_view>

#include "request.h"

namespace simulator {

struct Operation {
  const char* name;
  // Runs the callbacks and fills in the reply; returns its status.
  NtStatus (*run)(Request&);
};

const Operation* FindOperation(std::wstring_view name);

// On a thread of the volume.
void Dispatch(RequestPtr request);

// A name as the callbacks see it: `\\` in front folded, `\` at the end removed.
void FoldName(std::wstring& name);
// Everything before the last component; `if_none` when there is no separator to cut at.
void CutLastComponent(std::wstring& name);

NtStatus RunCreate(Request& request);
NtStatus RunCleanup(Request& request);
NtStatus RunClose(Request& request);
NtStatus RunRead(Request& request);
NtStatus RunWrite(Request& request);
NtStatus RunFlush(Request& request);
NtStatus RunLock(Request& request);
NtStatus RunUnlock(Request& request);
NtStatus RunQueryInformation(Request& request);
NtStatus RunQueryStreams(Request& request);
NtStatus RunQueryDirectory(Request& request);
NtStatus RunQueryVolume(Request& request);
NtStatus RunQuerySize(Request& request);
NtStatus RunSetBasic(Request& request);
NtStatus RunSetAllocation(Request& request);
NtStatus RunSetEndOfFile(Request& request);
NtStatus RunSetDisposition(Request& request);
NtStatus RunRename(Request& request);
NtStatus RunQuerySecurity(Request& request);
NtStatus RunSetSecurity(Request& request);
// A line of the driver's log, delivered as the library delivers it.
NtStatus RunDriverLog(Request& request);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_DISPATCH_H_
