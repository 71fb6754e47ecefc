#pragma once

#include <windows.h>

#include <memory>
#include <string>

#include "dokan_library.h"

namespace dokan {

// Tells Dokan, and so applications, of changes that nobody made through the volume. On a thread of
// its own: Dokan allows no notification inside a callback, and while JavaScript runs, a Dokan
// thread may well be inside one.
class Notifications {
 public:
  enum class Action { kCreate = 0, kDelete = 1, kUpdate = 2, kXAttrUpdate = 3, kRename = 4 };
  struct Notification {
    Action action = Action::kCreate;
    std::wstring path;
    std::wstring new_path;
    bool is_directory = false;
    bool same_directory = false;
  };
  static constexpr size_t kMaximum = 65536;

  Notifications();
  ~Notifications() = default;
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;

  // The volume is mounted.
  void Start(std::shared_ptr<DokanLibrary> library, abi::Handle handle);
  // Any thread. False: not mounted, the queue is full, or there is no thread.
  bool Push(Notification notification);
  // Waits until the handle is not used any more; what is queued is dropped.
  void Stop();

 private:
  struct Shared;
  static void Run(const std::shared_ptr<Shared>& shared);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace dokan
