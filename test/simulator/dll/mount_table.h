// Which mount points are taken, by this process and by the others of the same machine.
//
// The real driver knows every mount of the machine. Processes with the same value in
// DOKAN_SIMULATOR_MACHINE share such a table here; without it each process is a machine of its
// own, so that tests running side by side do not meet.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_MOUNT_TABLE_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_MOUNT_TABLE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dokan_abi.h"

namespace simulator {

struct MountRecord {
  std::uint64_t id;
  DWORD process;
  MountPointInfo info;
};

// A new number for a mount, unique on the machine.
std::uint64_t NextMountId();
// The event that makes the owner of a mount let it go.
HANDLE OpenStopEvent(std::uint64_t id);

void AddMount(const MountRecord& record);
void RemoveMount(std::uint64_t id);
// Without those whose process has died: the driver unmounts them when their handles close.
std::vector<MountRecord> ListMounts();

// `M`, `M:`, `M:\` or a folder, in any case, as the driver compares them: \DosDevices\M:
std::wstring DriverName(std::wstring_view mount_point);
std::optional<MountRecord> FindMount(std::wstring_view mount_point);

bool IsDriveLetter(std::wstring_view mount_point);
bool IsLetterTaken(wchar_t letter);
// The first letter nobody uses, from D on; L'\0' when there is none.
wchar_t FreeLetter();

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_MOUNT_TABLE_H_
