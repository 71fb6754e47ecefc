#pragma once

#include <windows.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "dokan_abi.h"
#include "dokan_failure.h"

namespace dokan {

// A loaded dokan2.dll. One object per path and process, never unloaded: its threads may still be
// on their way out when the last volume is closed. Used from every thread.
class DokanLibrary {
 public:
  using Result = std::variant<std::shared_ptr<DokanLibrary>, DokanFailure>;

  // Without a path: System32's, and no other directory's, where anybody could put one.
  static Result Load(const std::optional<std::wstring>& path);

  const std::wstring& path() const { return path_; }

  // Around the life of every volume: DokanInit before the first, DokanShutdown after the last.
  // Dokan's own counter allows a DokanInit after a DokanShutdown, but neither while the other runs.
  void BeginVolume();
  void EndVolume();

  // Exports. Those after `optional` are null in a library that is too old to have them.
  void(WINAPI* init)() = nullptr;
  void(WINAPI* shutdown)() = nullptr;
  int(WINAPI* create_file_system)(abi::Options*, abi::Operations*, abi::Handle*) = nullptr;
  DWORD(WINAPI* wait_for_file_system_closed)(abi::Handle, DWORD) = nullptr;
  void(WINAPI* close_handle)(abi::Handle) = nullptr;
  BOOL(WINAPI* remove_mount_point)(LPCWSTR) = nullptr;
  ULONG(WINAPI* version)() = nullptr;
  ULONG(WINAPI* driver_version)() = nullptr;
  BOOL(WINAPI* reset_timeout)(ULONG, abi::FileInfo*) = nullptr;
  HANDLE(WINAPI* open_requestor_token)(abi::FileInfo*) = nullptr;
  abi::MountPointInfo*(WINAPI* get_mount_point_list)(BOOL, PULONG) = nullptr;
  void(WINAPI* release_mount_point_list)(abi::MountPointInfo*) = nullptr;
  BOOL(WINAPI* notify_create)(abi::Handle, LPCWSTR, BOOL) = nullptr;
  BOOL(WINAPI* notify_delete)(abi::Handle, LPCWSTR, BOOL) = nullptr;
  BOOL(WINAPI* notify_update)(abi::Handle, LPCWSTR) = nullptr;
  BOOL(WINAPI* notify_x_attr_update)(abi::Handle, LPCWSTR) = nullptr;
  BOOL(WINAPI* notify_rename)(abi::Handle, LPCWSTR, LPCWSTR, BOOL, BOOL) = nullptr;
  // optional
  BOOL(WINAPI* register_wait)(abi::Handle, PHANDLE, WAITORTIMERCALLBACK, PVOID, ULONG) = nullptr;
  BOOL(WINAPI* unregister_wait)(HANDLE, BOOL) = nullptr;
  void(WINAPI* debug_mode)(BOOL) = nullptr;

 private:
  DokanLibrary() = default;

  std::optional<DokanFailure> LookUp(HMODULE module);

  std::wstring path_;
  std::mutex mutex_;
  int volumes_ = 0;
};

}  // namespace dokan
