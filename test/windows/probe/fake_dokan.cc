// The least of a dokan2.dll: mounts at once, and has no threads but those that a measurement
// starts.
#include "fake_dokan.h"

#include <atomic>

namespace probe {
namespace {

namespace abi = dokan::abi;

std::atomic<abi::Options*> mounted_options{nullptr};
std::atomic<abi::Operations*> mounted_operations{nullptr};
HANDLE closed = nullptr;

}  // namespace

Mounted WhatIsMounted() {
  return {mounted_options, mounted_operations};
}

bool CallMounted(uint32_t count) {
  abi::Operations* const operations = mounted_operations;
  abi::FileInfo info = {};
  info.dokan_options = mounted_options;
  for (uint32_t i = 0; i < count; ++i) {
    if (operations->flush_file_buffers(L"\\directory\\file.txt", &info) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace probe

#define EXPORT extern "C" __declspec(dllexport)

EXPORT ULONG WINAPI DokanVersion() {
  return 231;
}
EXPORT ULONG WINAPI DokanDriverVersion() {
  return 0x190;
}
EXPORT void WINAPI DokanInit() {}
EXPORT void WINAPI DokanShutdown() {}

EXPORT int WINAPI DokanCreateFileSystem(probe::abi::Options* options,
                                        probe::abi::Operations* operations, void** handle) {
  probe::closed = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  probe::mounted_options = options;
  probe::mounted_operations = operations;
  *handle = options;
  probe::abi::FileInfo info = {};
  info.dokan_options = options;
  operations->mounted(options->mount_point, &info);
  return 0;
}

EXPORT void WINAPI DokanCloseHandle(void*) {
  probe::abi::FileInfo info = {};
  info.dokan_options = probe::mounted_options;
  probe::mounted_operations.load()->unmounted(&info);
  SetEvent(probe::closed);
}

EXPORT DWORD WINAPI DokanWaitForFileSystemClosed(void*, DWORD milliseconds) {
  return WaitForSingleObject(probe::closed, milliseconds);
}

EXPORT BOOL WINAPI DokanRemoveMountPoint(LPCWSTR) {
  return FALSE;
}
EXPORT BOOL WINAPI DokanResetTimeout(ULONG, probe::abi::FileInfo*) {
  return TRUE;
}
EXPORT HANDLE WINAPI DokanOpenRequestorToken(probe::abi::FileInfo*) {
  return nullptr;
}
EXPORT void* WINAPI DokanGetMountPointList(BOOL, PULONG) {
  return nullptr;
}
EXPORT void WINAPI DokanReleaseMountPointList(void*) {}
EXPORT BOOL WINAPI DokanNotifyCreate(void*, LPCWSTR, BOOL) {
  return TRUE;
}
EXPORT BOOL WINAPI DokanNotifyDelete(void*, LPCWSTR, BOOL) {
  return TRUE;
}
EXPORT BOOL WINAPI DokanNotifyUpdate(void*, LPCWSTR) {
  return TRUE;
}
EXPORT BOOL WINAPI DokanNotifyXAttrUpdate(void*, LPCWSTR) {
  return TRUE;
}
EXPORT BOOL WINAPI DokanNotifyRename(void*, LPCWSTR, LPCWSTR, BOOL, BOOL) {
  return TRUE;
}
