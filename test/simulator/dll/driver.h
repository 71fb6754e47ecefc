// What stands for the driver within this process: the volumes, and what they told it.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_DRIVER_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_DRIVER_H_

#include <memory>
#include <string>
#include <vector>

#include "dokan_abi.h"
#include "sync.h"
#include "volume.h"

namespace simulator {

struct Notification {
  std::uint64_t volume;
  std::uint32_t filter;
  std::uint32_t action;
  std::wstring path;
};

struct TimeoutReset {
  std::uint64_t volume;
  std::uint64_t order;
  std::uint32_t milliseconds;
};

class Driver {
 public:
  // Lives as long as the process: its threads may still be at work when that ends.
  static Driver& Get();

  void Add(const std::shared_ptr<Volume>& volume);
  void Remove(const Volume* volume);
  std::vector<std::shared_ptr<Volume>> Volumes();
  std::shared_ptr<Volume> Find(std::uint64_t id);
  // The volume behind a DOKAN_HANDLE. A handle that is none ends the process with a message, where
  // the library would touch freed memory.
  std::shared_ptr<Volume> Resolve(const void* handle, const char* call);

  void Notify(Notification notification);
  std::vector<Notification> Notifications();
  void RecordReset(const TimeoutReset& reset);
  std::vector<TimeoutReset> Resets();
  // Something the library lets pass or breaks on silently, and no binding should do.
  void Misuse(std::wstring what);
  std::vector<std::wstring> Misuses();

 private:
  Driver() = default;

  Mutex mutex_;
  std::vector<std::shared_ptr<Volume>> volumes_;
  std::vector<Notification> notifications_;
  std::vector<TimeoutReset> resets_;
  std::vector<std::wstring> misuses_;
};

// Takes the mount point away from whoever has it; false when nobody has.
bool RemoveMountPoint(std::wstring_view mount_point);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_DRIVER_H_
