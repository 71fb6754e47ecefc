#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backing_server.h"
#include "file_descriptor.h"
#include "helper_process.h"
#include "mount_guard.h"
#include "mount_table.h"
#include "notify_queue.h"
#include "serving_group.h"
#include "serving_watch.h"

namespace dokan {

// What a mount operation hands over.
struct MountedFileSystem {
  FileDescriptor device;
  std::string mount_point;  // Real path, as mountinfo names it.
  std::optional<MountIdentity> identity;
  // Who can detach it: the helper that mounted it, or nobody (then umount2 does).
  std::optional<HelperProgram> helper;
  // Detaches it when this process is gone; null for none.
  std::unique_ptr<MountGuard> guard;
};

// One connection to the kernel and the mount it serves; knows nothing of JavaScript. Created by the
// thread that mounted; used by the JS thread; ended by that, by the tear-down of its environment or
// by the exit of the process. fd() may be read without the lock by the thread that closes.
class FuseConnection : public std::enable_shared_from_this<FuseConnection> {
 public:
  explicit FuseConnection(MountedFileSystem mounted);
  ~FuseConnection();
  FuseConnection(const FuseConnection&) = delete;
  FuseConnection& operator=(const FuseConnection&) = delete;

  int fd() const { return fd_.load(std::memory_order_relaxed); }
  const std::string& mount_point() const { return mounted_.mount_point; }
  std::string device_number() const;

  bool Notify(std::span<const uint8_t> message);

  // The calling thread serves from here on: see ServingWatch. The watch lives until the device is
  // closed; without one (the system gives no thread) the volume does without.
  ServingWatch* StartWatch();

  // What serves opens that are backed by real files, made for the first of them. Lives as long as
  // the connection; null once that is closed.
  BackingServer* Backing();
  // Several threads serve from here on, and not the one that mounted; see ServingGroup.
  std::shared_ptr<ServingGroup> Share(bool stateless);
  std::shared_ptr<ServingGroup> group();
  // Whether the kernel has something to ask that nobody has read.
  bool IsAsking();

  // Whether it is mounted anywhere, were it out of everybody's reach. While it is, the kernel gives
  // its device number to no other file system.
  bool IsMounted();

  // Closes the device. The mount is not ours any more: Detach does nothing from here on. A guard
  // takes it away when it is still at its place, and ends.
  void Close();

  // First half of a tear-down: sees whether the file system is still mounted, then closes the
  // device, which makes the kernel end every request, so that nothing that follows can wait for us.
  void CloseDevice();

  // Second half: takes the dead mount away, if it is still the one at its place. May block: runs on
  // a thread that TearDown waits for with a limit. Where it fails, the guard tries.
  void Detach();

 private:
  bool IsOnTop() const;
  bool DetachMount();

  std::mutex mutex_;
  MountedFileSystem mounted_;
  std::atomic<int> fd_;
  std::unique_ptr<NotifyQueue> notify_;
  std::unique_ptr<ServingWatch> watch_;
  std::unique_ptr<BackingServer> backing_;
  std::shared_ptr<ServingGroup> group_;
  bool mounted_at_close_ = false;
  bool forgotten_ = false;
};

// Ends connections whose environment is gone: closes all devices, then detaches all mounts, newest
// first (they may lie on one another). Any thread; waits for a few seconds at most.
void TearDown(std::vector<std::shared_ptr<FuseConnection>> connections);

}  // namespace dokan
