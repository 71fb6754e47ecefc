#include "dokan_library.h"

#include <cstdio>
#include <cstdlib>

namespace scripted {
namespace {

HMODULE Module() {
  // The system directory for what the library itself needs.
  static const HMODULE module = LoadLibraryExW(
      L"dokan2.dll", nullptr, LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
  return module;
}

template <typename Function>
void Find(const char* name, Function& function) {
  const FARPROC found = GetProcAddress(Module(), name);
  if (found == nullptr) {
    std::fprintf(stderr, "dokan2.dll: no %s\n", name);
    std::exit(2);
  }
  function = reinterpret_cast<Function>(reinterpret_cast<void*>(found));
}

DokanLibrary Load() {
  if (Module() == nullptr) {
    std::fputs("dokan2.dll does not load\n", stderr);
    std::exit(2);
  }
  DokanLibrary library = {};
  Find("DokanInit", library.Init);
  Find("DokanShutdown", library.Shutdown);
  Find("DokanCreateFileSystem", library.CreateFileSystem);
  Find("DokanCloseHandle", library.CloseHandle);
  Find("DokanWaitForFileSystemClosed", library.WaitForFileSystemClosed);
  Find("DokanIsFileSystemRunning", library.IsFileSystemRunning);
  Find("DokanRemoveMountPoint", library.RemoveMountPoint);
  Find("DokanResetTimeout", library.ResetTimeout);
  Find("DokanOpenRequestorToken", library.OpenRequestorToken);
  Find("DokanNotifyCreate", library.NotifyCreate);
  Find("DokanNotifyDelete", library.NotifyDelete);
  Find("DokanNotifyUpdate", library.NotifyUpdate);
  Find("DokanNotifyXAttrUpdate", library.NotifyXAttrUpdate);
  Find("DokanNotifyRename", library.NotifyRename);
  Find("DokanIsNameInExpression", library.IsNameInExpression);
  Find("DokanNtStatusFromWin32", library.NtStatusFromWin32);
  Find("DokanVersion", library.Version);
  Find("DokanDriverVersion", library.DriverVersion);
  Find("DokanGetMountPointList", library.GetMountPointList);
  Find("DokanReleaseMountPointList", library.ReleaseMountPointList);
  return library;
}

}  // namespace

const DokanLibrary& Dokan() {
  static const DokanLibrary library = Load();
  return library;
}

bool HasExport(const char* name) {
  return GetProcAddress(Module(), name) != nullptr;
}

}  // namespace scripted
