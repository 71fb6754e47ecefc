#include "fuse_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>

#include <chrono>
#include <condition_variable>
#include <utility>

#include "common/thread.h"
#include "connection_control.h"

namespace dokan {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHelperLimit{2000};
constexpr milliseconds kNotifyLimit{20};

// Whether the file system behind a device is mounted anywhere. The kernel gives its device number
// to the next file system as soon as it is gone, so the number alone does not tell ours from one
// that was mounted at the same place since. Asked by a notification that only drops cached
// attributes of the root: it takes no locks, needs no path, and the kernel answers ENOENT when
// there is no root.
bool IsFileSystemMounted(int device) {
  struct {
    uint32_t length = 16 + 24;
    int32_t code = 2;  // FUSE_NOTIFY_INVAL_INODE
    uint64_t unique = 0;
    uint64_t node = 1;
    int64_t offset = -1;
    int64_t size = 0;
  } const message;
  static_assert(sizeof message == 40);
  if (::write(device, &message, sizeof message) == sizeof message) {
    return true;
  }
  // ENOENT or a kernel that refuses the message: an unmounted device reports POLLERR.
  pollfd entry = {device, 0, 0};
  return errno != ENOENT && ::poll(&entry, 1, 0) == 0;
}

}  // namespace

FuseConnection::FuseConnection(MountedFileSystem mounted)
    : mounted_(std::move(mounted)), fd_(mounted_.device.get()) {}

FuseConnection::~FuseConnection() {
  CloseDevice();
}

std::string FuseConnection::device_number() const {
  return mounted_.identity ? mounted_.identity->device_number : std::string();
}

bool FuseConnection::Notify(std::span<const uint8_t> message) {
  const std::lock_guard lock(mutex_);
  if (!mounted_.device.valid()) {
    return false;
  }
  if (!notify_) {
    notify_ = std::make_unique<NotifyQueue>(mounted_.device.get());
  }
  return notify_->Push(message);
}

ServingWatch* FuseConnection::StartWatch() {
  const std::lock_guard lock(mutex_);
  if (!watch_ && mounted_.device.valid()) {
    watch_ = ServingWatch::Start(mounted_.device.get());
  }
  return watch_.get();
}

BackingServer* FuseConnection::Backing() {
  const std::lock_guard lock(mutex_);
  if (!mounted_.device.valid()) {
    return nullptr;
  }
  if (!backing_) {
    backing_ = std::make_unique<BackingServer>(mounted_.device.get());
  }
  return backing_.get();
}

std::shared_ptr<ServingGroup> FuseConnection::Share(bool stateless) {
  const auto clone = [connection = weak_from_this()](int* error) -> std::shared_ptr<ClonedDevice> {
    *error = ENODEV;
    const auto self = connection.lock();
    if (self == nullptr) {
      return nullptr;
    }
    const std::lock_guard lock(self->mutex_);
    return self->mounted_.device.valid() ? ClonedDevice::Open(self->mounted_.device.get(), error)
                                         : nullptr;
  };
  const std::lock_guard lock(mutex_);
  if (!group_) {
    group_ = ServingGroup::Create(clone, stateless);
  }
  return group_;
}

std::shared_ptr<ServingGroup> FuseConnection::group() {
  const std::lock_guard lock(mutex_);
  return group_;
}

bool FuseConnection::IsAsking() {
  const std::lock_guard lock(mutex_);
  pollfd entry = {mounted_.device.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

bool FuseConnection::IsMounted() {
  const std::lock_guard lock(mutex_);
  return mounted_.device.valid() && IsFileSystemMounted(mounted_.device.get());
}

void FuseConnection::Close() {
  CloseDevice();
  const std::lock_guard lock(mutex_);
  forgotten_ = true;
  // Covered by something else it is for whoever takes that away.
  if (mounted_.guard && !(mounted_at_close_ && IsOnTop())) {
    mounted_.guard->Dismiss();
  }
  mounted_.guard.reset();
}

void FuseConnection::CloseDevice() {
  const std::lock_guard lock(mutex_);
  if (!mounted_.device.valid()) {
    return;
  }
  // Its poll would keep the device open.
  watch_.reset();
  if (backing_) {
    backing_->Stop();
  }
  if (group_) {
    group_->Close();
  }
  bool stuck = notify_ && !notify_->Stop(kNotifyLimit);
  if (stuck && mounted_.identity) {
    // The thread waits inside the kernel for a lock that one of our unanswered requests holds, and
    // its write keeps the device open: closing ours would not end the connection. The same write
    // keeps the file system from being destroyed, so its number is still ours.
    AbortConnection(mounted_.identity->device_number);
    stuck = !notify_->Stop(kNotifyLimit);
  }
  mounted_at_close_ = stuck || IsFileSystemMounted(mounted_.device.get());
  fd_.store(-1, std::memory_order_relaxed);
  mounted_.device.Reset();
}

bool FuseConnection::IsOnTop() const {
  return mounted_.identity && TopmostMount(mounted_.mount_point) == mounted_.identity;
}

void FuseConnection::Detach() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(forgotten_, true)) {
    return;
  }
  const bool detached = !mounted_at_close_ || !IsOnTop() || DetachMount();
  if (mounted_.guard && detached) {
    mounted_.guard->Dismiss();
  }
  mounted_.guard.reset();
}

bool FuseConnection::DetachMount() {
  if (!mounted_.helper) {
    return ::umount2(mounted_.mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
  }
  HelperProcess process;
  return process.Start(*mounted_.helper, {"-u", "-z", "--", mounted_.mount_point}) == 0 &&
         process.FinishWithin(kHelperLimit) == 0;
}

void TearDown(std::vector<std::shared_ptr<FuseConnection>> connections) {
  if (connections.empty()) {
    return;
  }
  for (const auto& connection : connections) {
    connection->CloseDevice();
  }
  // umount walks the path to the mount point, which may lie on a file system that hangs: nobody's
  // exit may hang with it.
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const auto progress = std::make_shared<Progress>();
  const milliseconds limit = kHelperLimit * (connections.size() + 1);
  const bool started = StartThread([progress, connections = std::move(connections)] {
    for (auto connection = connections.rbegin(); connection != connections.rend(); ++connection) {
      (*connection)->Detach();
    }
    const std::lock_guard lock(progress->mutex);
    progress->done = true;
    progress->changed.notify_all();
  });
  if (started) {
    std::unique_lock lock(progress->mutex);
    progress->changed.wait_for(lock, limit, [&] { return progress->done; });
  }
}

}  // namespace dokan
