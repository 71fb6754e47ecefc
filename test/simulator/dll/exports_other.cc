// The exports that need neither a volume nor a request.

#include <cstdlib>
#include <cstring>
#include <vector>

#include "debug_print.h"
#include "exports.h"
#include "mount_table.h"
#include "nt_status.h"
#include "wildcards.h"

namespace {

using simulator::MountPointInfo;
using simulator::MountRecord;
using simulator::NtStatus;

struct Win32Row {
  DWORD error;
  std::uint32_t status;
};

constexpr Win32Row kWin32Status[] = {
#include "win32_status.inc"
};

struct FlagRow {
  ULONG option;
  DWORD flag;
};

// FILE_... create options and the FILE_FLAG_... of CreateFile they came from.
constexpr FlagRow kCreateFlags[] = {
    {0x00000002, 0x80000000}, {0x00000004, 0x08000000}, {0x00000800, 0x10000000},
    {0x00000008, 0x20000000}, {0x00200000, 0x00200000}, {0x00001000, 0x04000000},
    {0x00004000, 0x02000000}, {0x00040000, 0x00800000},
};

struct AccessRow {
  ACCESS_MASK specific;
  ACCESS_MASK generic;
};

constexpr AccessRow kGenericAccess[] = {
    {0x00120089, GENERIC_READ},
    {0x00120116, GENERIC_WRITE},
    {0x001200a0, GENERIC_EXECUTE},
    {0x001f01ff, GENERIC_ALL},
};

}  // namespace

SIMULATOR_EXPORT(ULONG) DokanVersion() {
  SIMULATOR_MAY_FAIL("DokanVersion", ULONG);
  return simulator::kLibraryVersion;
}

SIMULATOR_EXPORT(ULONG) DokanDriverVersion() {
  SIMULATOR_MAY_FAIL("DokanDriverVersion", ULONG);
  return simulator::kDriverVersion;
}

SIMULATOR_EXPORT(BOOL)
DokanIsNameInExpression(const wchar_t* expression, const wchar_t* name, BOOL ignore_case) {
  SIMULATOR_MAY_FAIL("DokanIsNameInExpression", BOOL);
  return simulator::IsNameInExpression(expression, name, ignore_case != FALSE);
}

SIMULATOR_EXPORT(NtStatus) DokanNtStatusFromWin32(DWORD error) {
  SIMULATOR_MAY_FAIL("DokanNtStatusFromWin32", NtStatus);
  for (const Win32Row& row : kWin32Status) {
    if (row.error == error) return simulator::status::Of(row.status);
  }
  return simulator::status::kAccessDenied;
}

// With uncOnly the others stay in the list as zeros, and are counted: a mistake of the library.
SIMULATOR_EXPORT(MountPointInfo*) DokanGetMountPointList(BOOL unc_only, ULONG* count) {
  *count = 0;
  SIMULATOR_MAY_FAIL("DokanGetMountPointList", MountPointInfo*);
  const std::vector<MountRecord> mounts = simulator::ListMounts();
  if (mounts.empty()) return nullptr;
  auto* list = static_cast<MountPointInfo*>(std::calloc(mounts.size(), sizeof(MountPointInfo)));
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    if (unc_only == FALSE || mounts[i].info.unc_name[0] != L'\0') list[i] = mounts[i].info;
  }
  *count = static_cast<ULONG>(mounts.size());
  return list;
}

SIMULATOR_EXPORT(void) DokanReleaseMountPointList(MountPointInfo* list) {
  std::free(list);
}

SIMULATOR_EXPORT(void)
DokanMapKernelToUserCreateFileFlags(ACCESS_MASK access, ULONG attributes, ULONG options,
                                    ULONG disposition, ACCESS_MASK* out_access, DWORD* out_flags,
                                    DWORD* out_disposition) {
  if (out_flags != nullptr) {
    *out_flags = attributes;
    for (const FlagRow& row : kCreateFlags) {
      if ((options & row.option) == row.option) *out_flags |= row.flag;
    }
  }
  if (out_disposition != nullptr) {
    // SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF
    constexpr DWORD kUser[] = {CREATE_ALWAYS, OPEN_EXISTING,     CREATE_NEW,
                               OPEN_ALWAYS,   TRUNCATE_EXISTING, CREATE_ALWAYS};
    *out_disposition = disposition < std::size(kUser) ? kUser[disposition] : 0;
  }
  if (out_access != nullptr) {
    // The tests come before the removals: one right can belong to several generic ones.
    ACCESS_MASK remove = 0;
    ACCESS_MASK add = 0;
    for (const AccessRow& row : kGenericAccess) {
      if ((access & row.specific) != row.specific) continue;
      remove |= row.specific;
      add |= row.generic;
    }
    *out_access = (access & ~remove) | add;
  }
}

SIMULATOR_EXPORT(void) DokanUseStdErr(BOOL on) {
  simulator::SetUseStdErr(on != FALSE);
}
SIMULATOR_EXPORT(void) DokanDebugMode(BOOL on) {
  simulator::SetDebugMode(on != FALSE);
}

SIMULATOR_EXPORT(BOOL) DokanSetDebugMode(ULONG) {
  SIMULATOR_MAY_FAIL("DokanSetDebugMode", BOOL);
  return TRUE;
}

// Installing is the installer's business; there is no service here to install.
SIMULATOR_EXPORT(BOOL) DokanServiceInstall(const wchar_t*, DWORD, const wchar_t*) {
  SIMULATOR_MAY_FAIL("DokanServiceInstall", BOOL);
  return FALSE;
}

SIMULATOR_EXPORT(BOOL) DokanServiceDelete(const wchar_t*) {
  SIMULATOR_MAY_FAIL("DokanServiceDelete", BOOL);
  return TRUE;
}

SIMULATOR_EXPORT(BOOL) DokanNetworkProviderInstall() {
  SIMULATOR_MAY_FAIL("DokanNetworkProviderInstall", BOOL);
  return FALSE;
}

SIMULATOR_EXPORT(BOOL) DokanNetworkProviderUninstall() {
  SIMULATOR_MAY_FAIL("DokanNetworkProviderUninstall", BOOL);
  return TRUE;
}
