#include "mount_table.h"

#include <cwchar>
#include <cwctype>

#include "environment.h"

namespace simulator {
namespace {

constexpr std::size_t kSlots = 64;

struct Slot {
  LONG used;
  MountRecord record;
};

struct Table {
  std::uint64_t last_id;
  Slot slots[kSlots];
};

std::wstring ObjectName(const wchar_t* kind) {
  const std::string machine = Environment("DOKAN_SIMULATOR_MACHINE");
  std::wstring name = std::wstring(L"Local\\DokanSimulator-") + kind + L"-";
  if (machine.empty()) {
    name += std::to_wstring(GetCurrentProcessId());
  } else {
    name.append(machine.begin(), machine.end());
  }
  return name;
}

// The table, held against other processes while this lives.
class LockedTable {
 public:
  LockedTable() { WaitForSingleObject(Mutex(), INFINITE); }
  ~LockedTable() { ReleaseMutex(Mutex()); }
  LockedTable(const LockedTable&) = delete;
  LockedTable& operator=(const LockedTable&) = delete;

  Table& operator*() const { return *View(); }
  Table* operator->() const { return View(); }

 private:
  static HANDLE Mutex() {
    static const HANDLE mutex = CreateMutexW(nullptr, FALSE, ObjectName(L"mutex").c_str());
    return mutex;
  }
  // A new section is full of zeros, which is the empty table.
  static Table* View() {
    static Table* const view = [] {
      const HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0,
                                                sizeof(Table), ObjectName(L"mounts").c_str());
      return static_cast<Table*>(MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, sizeof(Table)));
    }();
    return view;
  }
};

bool IsAlive(DWORD process) {
  if (process == GetCurrentProcessId()) return true;
  const HANDLE handle = OpenProcess(SYNCHRONIZE, FALSE, process);
  if (handle == nullptr) return false;
  const bool alive = WaitForSingleObject(handle, 0) == WAIT_TIMEOUT;
  CloseHandle(handle);
  return alive;
}

bool SameName(std::wstring_view a, std::wstring_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::towupper(a[i]) != std::towupper(b[i])) return false;
  }
  return true;
}

}  // namespace

std::uint64_t NextMountId() {
  const LockedTable table;
  return ++table->last_id;
}

HANDLE OpenStopEvent(std::uint64_t id) {
  return CreateEventW(nullptr, TRUE, FALSE,
                      (ObjectName(L"stop") + L"-" + std::to_wstring(id)).c_str());
}

void AddMount(const MountRecord& record) {
  const LockedTable table;
  for (Slot& slot : table->slots) {
    if (slot.used != 0) continue;
    slot = {1, record};
    return;
  }
}

void RemoveMount(std::uint64_t id) {
  const LockedTable table;
  for (Slot& slot : table->slots) {
    if (slot.used != 0 && slot.record.id == id) slot.used = 0;
  }
}

std::vector<MountRecord> ListMounts() {
  std::vector<MountRecord> records;
  const LockedTable table;
  for (Slot& slot : table->slots) {
    if (slot.used == 0) continue;
    if (IsAlive(slot.record.process)) {
      records.push_back(slot.record);
    } else {
      slot.used = 0;
    }
  }
  return records;
}

bool IsDriveLetter(std::wstring_view mount_point) {
  return mount_point.size() == 1 || (mount_point.size() == 2 && mount_point[1] == L':') ||
         (mount_point.size() == 3 && mount_point.substr(1) == L":\\");
}

std::wstring DriverName(std::wstring_view mount_point) {
  std::wstring name = L"\\DosDevices\\";
  if (IsDriveLetter(mount_point)) {
    name += static_cast<wchar_t>(std::towupper(mount_point[0]));
    return name + L':';
  }
  if (!mount_point.empty() && mount_point.back() == L'\\') mount_point.remove_suffix(1);
  return name.append(mount_point);
}

std::optional<MountRecord> FindMount(std::wstring_view mount_point) {
  const std::wstring wanted = DriverName(mount_point);
  for (const MountRecord& record : ListMounts()) {
    if (SameName(record.info.mount_point, wanted)) return record;
  }
  return std::nullopt;
}

bool IsLetterTaken(wchar_t letter) {
  letter = static_cast<wchar_t>(std::towupper(letter));
  // What is no letter cannot be had either.
  if (letter < L'A' || letter > L'Z') return true;
  if ((GetLogicalDrives() >> (letter - L'A') & 1) != 0) return true;
  return FindMount(std::wstring_view(&letter, 1)).has_value();
}

wchar_t FreeLetter() {
  for (wchar_t letter = L'D'; letter <= L'Z'; ++letter) {
    if (!IsLetterTaken(letter)) return letter;
  }
  return L'\0';
}

}  // namespace simulator
