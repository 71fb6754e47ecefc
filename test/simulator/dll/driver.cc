#include "driver.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "mount_table.h"

namespace simulator {

Driver& Driver::Get() {
  static Driver& driver = *new Driver;
  return driver;
}

void Driver::Add(const std::shared_ptr<Volume>& volume) {
  const Lock lock(mutex_);
  volumes_.push_back(volume);
}

void Driver::Remove(const Volume* volume) {
  const Lock lock(mutex_);
  std::erase_if(volumes_, [volume](const auto& each) { return each.get() == volume; });
}

std::vector<std::shared_ptr<Volume>> Driver::Volumes() {
  const Lock lock(mutex_);
  return volumes_;
}

std::shared_ptr<Volume> Driver::Find(std::uint64_t id) {
  for (const std::shared_ptr<Volume>& volume : Volumes()) {
    if (volume->id() == id && volume->mounted()) return volume;
  }
  return nullptr;
}

std::shared_ptr<Volume> Driver::Resolve(const void* handle, const char* call) {
  for (std::shared_ptr<Volume>& volume : Volumes()) {
    if (volume.get() == handle) return std::move(volume);
  }
  std::fprintf(stderr, "dokan simulator: %s with a handle that is none (%p)\n", call, handle);
  std::fflush(stderr);
  RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, nullptr);
  return nullptr;
}

void Driver::Notify(Notification notification) {
  const Lock lock(mutex_);
  notifications_.push_back(std::move(notification));
}

std::vector<Notification> Driver::Notifications() {
  const Lock lock(mutex_);
  return notifications_;
}

void Driver::RecordReset(const TimeoutReset& reset) {
  const Lock lock(mutex_);
  resets_.push_back(reset);
}

std::vector<TimeoutReset> Driver::Resets() {
  const Lock lock(mutex_);
  return resets_;
}

void Driver::Misuse(std::wstring what) {
  const Lock lock(mutex_);
  misuses_.push_back(std::move(what));
}

std::vector<std::wstring> Driver::Misuses() {
  const Lock lock(mutex_);
  return misuses_;
}

bool RemoveMountPoint(std::wstring_view mount_point) {
  const auto record = FindMount(mount_point);
  if (!record) return false;
  // At once, so that the mount point is free when the caller goes on.
  RemoveMount(record->id);
  for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
    if (volume->id() == record->id) {
      volume->Stop();
      return true;
    }
  }
  const HANDLE stop = OpenStopEvent(record->id);
  SetEvent(stop);
  CloseHandle(stop);
  return true;
}

}  // namespace simulator
