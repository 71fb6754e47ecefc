#include "cloned_device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

namespace dokan {
namespace {

constexpr unsigned long kClone = _IOR(229, 0, uint32_t);  // FUSE_DEV_IOC_CLONE

}  // namespace

std::shared_ptr<ClonedDevice> ClonedDevice::Open(int device, int* error) {
  FileDescriptor fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  auto source = static_cast<uint32_t>(device);
  if (!fd.valid() || ::ioctl(fd.get(), kClone, &source) != 0) {
    *error = errno;
    return nullptr;
  }
  return std::shared_ptr<ClonedDevice>(new ClonedDevice(std::move(fd)));
}

void ClonedDevice::Retire() {
  // A pipe without a writer: reading gives nothing, writing fails, and an event loop that has yet
  // to watch the descriptor can, which it could not with /dev/null.
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
    const FileDescriptor reading(ends[0]);
    const FileDescriptor writing(ends[1]);
    ::dup3(reading.get(), fd_.get(), O_CLOEXEC);
  }
}

}  // namespace dokan
