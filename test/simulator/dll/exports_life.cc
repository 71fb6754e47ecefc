// The exports that begin and end things.

#include <atomic>

#include "create_file_system.h"
#include "driver.h"
#include "environment.h"
#include "exports.h"
#include "mount_table.h"
#include "orders.h"
#include "server.h"

namespace {

using simulator::Driver;
using simulator::Environment;
using simulator::EnvironmentNumber;
using simulator::Operations;
using simulator::Options;
using simulator::Server;
using simulator::Volume;

std::atomic<long> initialized = 0;
Server* server = nullptr;

DWORD WaitClosed(const void* handle, DWORD milliseconds, const char* call) {
  if (handle == nullptr) return FALSE;
  const std::shared_ptr<Volume> volume = Driver::Get().Resolve(handle, call);
  return WaitForSingleObject(volume->closed_event(), milliseconds);
}

}  // namespace

SIMULATOR_EXPORT(void) DokanInit() {
  const long count = ++initialized;
  if (count <= 0) {
    RaiseException(simulator::kExceptionInitializationFailed, EXCEPTION_NONCONTINUABLE, 0, nullptr);
    return;
  }
  if (count > 1) return;
  simulator::AddFaultsOfEnvironment();
  server = new Server(&simulator::HandleOrder);
  server->Start(static_cast<std::uint16_t>(EnvironmentNumber("DOKAN_SIMULATOR_PORT")),
                Environment("DOKAN_SIMULATOR_PORT_FILE"));
}

SIMULATOR_EXPORT(void) DokanShutdown() {
  const long count = --initialized;
  if (count < 0) {
    RaiseException(simulator::kExceptionShutdownFailed, EXCEPTION_NONCONTINUABLE, 0, nullptr);
    return;
  }
  if (count > 0) return;
  for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
    simulator::CloseFileSystem(volume.get());
  }
  server->Stop();
  delete server;
  server = nullptr;
}

SIMULATOR_EXPORT(int)
DokanCreateFileSystem(Options* options, Operations* operations, void** handle) {
  if (handle != nullptr) *handle = nullptr;
  if (initialized <= 0) {
    RaiseException(simulator::kExceptionNotInitialized, 0, 0, nullptr);
    return simulator::kMountError;
  }
  SIMULATOR_MAY_FAIL("DokanCreateFileSystem", int);
  return simulator::CreateFileSystem(options, operations, handle);
}

SIMULATOR_EXPORT(int) DokanMain(Options* options, Operations* operations) {
  SIMULATOR_MAY_FAIL("DokanMain", int);
  void* handle = nullptr;
  const int result = DokanCreateFileSystem(options, operations, &handle);
  if (result != simulator::kMountSuccess) return result;
  WaitClosed(handle, INFINITE, "DokanMain");
  simulator::CloseFileSystem(handle);
  return result;
}

SIMULATOR_EXPORT(BOOL) DokanIsFileSystemRunning(void* handle) {
  SIMULATOR_MAY_FAIL("DokanIsFileSystemRunning", BOOL);
  return handle != nullptr && WaitClosed(handle, 0, "DokanIsFileSystemRunning") == WAIT_TIMEOUT;
}

SIMULATOR_EXPORT(DWORD) DokanWaitForFileSystemClosed(void* handle, DWORD milliseconds) {
  SIMULATOR_MAY_FAIL("DokanWaitForFileSystemClosed", DWORD);
  return WaitClosed(handle, milliseconds, "DokanWaitForFileSystemClosed");
}

SIMULATOR_EXPORT(BOOL)
DokanRegisterWaitForFileSystemClosed(void* handle, HANDLE* wait, WAITORTIMERCALLBACK callback,
                                     void* context, ULONG milliseconds) {
  SIMULATOR_MAY_FAIL("DokanRegisterWaitForFileSystemClosed", BOOL);
  if (handle == nullptr) return FALSE;
  const std::shared_ptr<Volume> volume =
      Driver::Get().Resolve(handle, "DokanRegisterWaitForFileSystemClosed");
  return RegisterWaitForSingleObject(wait, volume->closed_event(), callback, context, milliseconds,
                                     WT_EXECUTEONLYONCE);
}

SIMULATOR_EXPORT(BOOL)
DokanUnregisterWaitForFileSystemClosed(HANDLE wait, BOOL wait_for_callbacks) {
  SIMULATOR_MAY_FAIL("DokanUnregisterWaitForFileSystemClosed", BOOL);
  return UnregisterWaitEx(wait, wait_for_callbacks != FALSE ? INVALID_HANDLE_VALUE : nullptr);
}

SIMULATOR_EXPORT(void) DokanCloseHandle(void* handle) {
  if (handle != nullptr) simulator::CloseFileSystem(handle);
}

SIMULATOR_EXPORT(BOOL) DokanRemoveMountPoint(const wchar_t* mount_point) {
  SIMULATOR_MAY_FAIL("DokanRemoveMountPoint", BOOL);
  if (mount_point == nullptr || *mount_point == L'\0') return FALSE;
  return simulator::RemoveMountPoint(mount_point);
}

SIMULATOR_EXPORT(BOOL) DokanUnmount(wchar_t letter) {
  SIMULATOR_MAY_FAIL("DokanUnmount", BOOL);
  return simulator::RemoveMountPoint(std::wstring_view(&letter, 1));
}
