#include "create_file_system.h"

#include <cwchar>
#include <memory>
#include <string>
#include <utility>

#include "callbacks.h"
#include "debug_print.h"
#include "driver.h"
#include "mount_table.h"

namespace simulator {
namespace {

constexpr std::size_t kUncNameMax = 64;

// The driver's own bits for the same options.
std::uint32_t DriverOptions(std::uint32_t options) {
  constexpr std::pair<Option, std::uint32_t> kBits[] = {
      {kOptionAltStream, 1u << 0},      {kOptionWriteProtect, 1u << 1},
      {kOptionRemovable, 1u << 2},      {kOptionMountManager, 1u << 3},
      {kOptionCurrentSession, 1u << 4}, {kOptionFileLockUserMode, 1u << 5},
      {kOptionCaseSensitive, 1u << 6},  {kOptionNetworkUnmount, 1u << 7},
      {kOptionDriverLogs, 1u << 8},     {kOptionIpcBatching, 1u << 9},
  };
  std::uint32_t bits = 0;
  for (const auto& [option, bit] : kBits) {
    if ((options & option) != 0) bits |= bit;
  }
  return bits;
}

bool IsUnitSize(ULONG size) {
  return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

// One wrong size resets both.
void CheckUnitSizes(Options& options) {
  if (IsUnitSize(options.allocation_unit_size) && IsUnitSize(options.sector_size)) return;
  options.allocation_unit_size = 512;
  options.sector_size = 512;
}

// A string the library copies into an array of its own. When it does not fit, the C runtime ends
// the process, and so do we.
std::wstring BoundedCopy(const wchar_t* text, std::size_t capacity) {
  if (text == nullptr) return {};
  const std::size_t length = wcsnlen(text, capacity);
  if (length == capacity) {
    constexpr DWORD kInvalidCRuntimeParameter = 0xc0000417;
    RaiseException(kInvalidCRuntimeParameter, EXCEPTION_NONCONTINUABLE, 0, nullptr);
  }
  return {text, length};
}

// A folder becomes a mount point by a reparse point, which an empty folder only can carry.
bool IsUsableFolder(const std::wstring& path) {
  const DWORD attributes = GetFileAttributesW(path.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return false;
  }
  WIN32_FIND_DATAW found;
  const HANDLE search = FindFirstFileW((path + L"\\*").c_str(), &found);
  if (search == INVALID_HANDLE_VALUE) return true;
  bool empty = true;
  do {
    if (std::wcscmp(found.cFileName, L".") != 0 && std::wcscmp(found.cFileName, L"..") != 0) {
      empty = false;
    }
  } while (empty && FindNextFileW(search, &found) != 0);
  FindClose(search);
  return empty;
}

// Finds a place for the volume; changes the letter when the mount manager gives another one.
int ChooseMountPoint(std::uint32_t options, std::wstring& mount_point) {
  const bool managed = (options & kOptionMountManager) != 0;
  if (!IsDriveLetter(mount_point)) {
    // To the driver a mount it knows already is a start that failed.
    if (!mount_point.empty() && FindMount(mount_point)) return kMountStartError;
    if (managed && mount_point.empty()) return kMountSuccess;
    return IsUsableFolder(mount_point) ? kMountSuccess : kMountMountError;
  }
  if (!IsLetterTaken(mount_point[0])) return kMountSuccess;
  if (!managed) return kMountMountError;
  // A volume of ours belongs to the same user here: it has to make room.
  if (RemoveMountPoint(mount_point)) return kMountSuccess;
  const wchar_t letter = FreeLetter();
  if (letter == L'\0') return kMountMountError;
  mount_point[0] = letter;
  return kMountSuccess;
}

// Before anything of the driver is touched, in the library's order.
int CheckOptions(Options& options) {
  const std::wstring_view mount_point = options.mount_point != nullptr ? options.mount_point : L"";
  if ((options.options & kOptionNetwork) != 0 && !IsDriveLetter(mount_point)) {
    options.options &= ~static_cast<std::uint32_t>(kOptionNetwork);
  }
  if ((options.options & kOptionNetwork) != 0 && options.unc_name == nullptr) {
    return kMountMountPointError;
  }
  if (options.version < kMinimumVersion) return kMountVersionError;
  // The library leaves these two to whoever reads its documentation. A binding has to read it.
  if ((options.options & kOptionMountManager) != 0 &&
      (options.options & (kOptionNetwork | kOptionCurrentSession)) != 0) {
    Driver::Get().Misuse(L"mount manager together with network or current session");
    return kMountStartError;
  }
  CheckUnitSizes(options);
  return kMountSuccess;
}

void Announce(const Volume& volume, const std::wstring& mount_point) {
  constexpr ULONG kDiskDevice = 0x08;
  constexpr ULONG kNetworkDevice = 0x14;
  const DriverView& view = volume.driver_view();
  MountRecord record = {volume.id(), GetCurrentProcessId(), {}};
  record.info.type = view.device_type == 1 ? kNetworkDevice : kDiskDevice;
  DriverName(mount_point).copy(record.info.mount_point, std::size(record.info.mount_point) - 1);
  view.unc_name.copy(record.info.unc_name, kUncNameMax - 1);
  volume.device_name().copy(record.info.device_name, std::size(record.info.device_name) - 1);
  record.info.session_id = volume.session_id();
  record.info.mount_options = view.options;
  AddMount(record);
}

}  // namespace

int CreateFileSystem(Options* options, Operations* operations, void** handle) {
  SetDebugMode((options->options & (kOptionDebug | kOptionStdErr)) != 0);
  SetUseStdErr((options->options & kOptionStdErr) != 0);
  int result = CheckOptions(*options);
  if (result != kMountSuccess) return result;
  std::wstring mount_point = BoundedCopy(options->mount_point, MAX_PATH);
  const std::wstring unc_name = BoundedCopy(options->unc_name, kUncNameMax);
  if (options->volume_security_descriptor_length > kVolumeSecurityDescriptorMax) {
    return kMountStartError;
  }
  const DriverView view = {
      mount_point,
      unc_name,
      (options->options & kOptionNetwork) != 0 ? 1u : 0u,
      DriverOptions(options->options),
      options->timeout,
      options->volume_security_descriptor_length,
  };
  result = ChooseMountPoint(options->options, mount_point);
  if (result != kMountSuccess) return result;
  const auto volume =
      std::make_shared<Volume>(NextMountId(), options, operations, view, mount_point);
  volume->Start();
  Announce(*volume, mount_point);
  Driver::Get().Add(volume);
  if (operations->Mounted != nullptr) {
    FileInfo info = {};
    info.dokan_options = options;
    Call(Callback::kMounted, operations->Mounted, volume->mount_point().c_str(), &info);
  }
  if (handle != nullptr) *handle = volume.get();
  return kMountSuccess;
}

void CloseFileSystem(const void* handle) {
  const std::shared_ptr<Volume> volume = Driver::Get().Resolve(handle, "DokanCloseHandle");
  if (!volume) return;
  if (InCallback()) Driver::Get().Misuse(L"DokanCloseHandle within a callback");
  volume->Stop();
  volume->Join();
  RemoveMount(volume->id());
  Driver::Get().Remove(volume.get());
}

}  // namespace simulator
