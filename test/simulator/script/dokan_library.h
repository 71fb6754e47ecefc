// dokan2.dll as a program sees it: loaded at run time, found by name.

#ifndef NODE_DOKAN_TEST_SIMULATOR_SCRIPT_DOKAN_LIBRARY_H_
#define NODE_DOKAN_TEST_SIMULATOR_SCRIPT_DOKAN_LIBRARY_H_

#include "../dll/dokan_abi.h"

namespace scripted {

struct DokanLibrary {
  void(__stdcall* Init)();
  void(__stdcall* Shutdown)();
  int(__stdcall* CreateFileSystem)(simulator::Options*, simulator::Operations*, void**);
  void(__stdcall* CloseHandle)(void*);
  DWORD(__stdcall* WaitForFileSystemClosed)(void*, DWORD);
  BOOL(__stdcall* IsFileSystemRunning)(void*);
  BOOL(__stdcall* RemoveMountPoint)(const wchar_t*);
  BOOL(__stdcall* ResetTimeout)(ULONG, simulator::FileInfo*);
  HANDLE(__stdcall* OpenRequestorToken)(simulator::FileInfo*);
  BOOL(__stdcall* NotifyCreate)(void*, const wchar_t*, BOOL);
  BOOL(__stdcall* NotifyDelete)(void*, const wchar_t*, BOOL);
  BOOL(__stdcall* NotifyUpdate)(void*, const wchar_t*);
  BOOL(__stdcall* NotifyXAttrUpdate)(void*, const wchar_t*);
  BOOL(__stdcall* NotifyRename)(void*, const wchar_t*, const wchar_t*, BOOL, BOOL);
  BOOL(__stdcall* IsNameInExpression)(const wchar_t*, const wchar_t*, BOOL);
  simulator::NtStatus(__stdcall* NtStatusFromWin32)(DWORD);
  ULONG(__stdcall* Version)();
  ULONG(__stdcall* DriverVersion)();
  simulator::MountPointInfo*(__stdcall* GetMountPointList)(BOOL, ULONG*);
  void(__stdcall* ReleaseMountPointList)(simulator::MountPointInfo*);
};

// From the directory of the program. Ends the program when something is missing.
const DokanLibrary& Dokan();

// Whether the library exports a name.
bool HasExport(const char* name);

}  // namespace scripted

#endif  // NODE_DOKAN_TEST_SIMULATOR_SCRIPT_DOKAN_LIBRARY_H_
