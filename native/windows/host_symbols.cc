// node.exe is loaded late ("delay-loaded") and looked up as the running program, whatever its file
// is called: Electron, or a renamed node.exe. With MSVC, node-gyp and cmake-js bring the same hook.
#ifdef __MINGW32__

#include <windows.h>

#include <cstring>

// Needs what windows.h declares, which the order of names would put behind it.
// clang-format off
#include <delayimp.h>
// clang-format on

namespace {

FARPROC WINAPI FindHost(unsigned int event, PDelayLoadInfo info) {
  if (event == dliNotePreLoadLibrary && _stricmp(info->szDll, "node.exe") == 0) {
    return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
  }
  return nullptr;
}

}  // namespace

extern "C" {
PfnDliHook __pfnDliNotifyHook2 = FindHost;
}

#endif
