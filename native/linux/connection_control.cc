#include "connection_control.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file_descriptor.h"

namespace dokan {
namespace {

// The mount API of Linux 5.2, by number: the C libraries we build on may not know it.
constexpr long kFsOpen = 430;
constexpr long kFsConfig = 431;
constexpr long kFsMount = 432;
constexpr unsigned kConfigCreate = 6;

// The control file system without a place in the tree, for systems that did not mount it
// (containers as a rule). Needs root.
FileDescriptor OpenControl() {
  const FileDescriptor context(static_cast<int>(::syscall(kFsOpen, "fusectl", 1U)));
  if (!context.valid() ||
      ::syscall(kFsConfig, context.get(), kConfigCreate, nullptr, nullptr, 0) != 0) {
    return {};
  }
  return FileDescriptor(static_cast<int>(::syscall(kFsMount, context.get(), 1U, 0U)));
}

bool Abort(int control, const std::string& connection) {
  const FileDescriptor file(
      ::openat(control, (connection + "/abort").c_str(), O_WRONLY | O_CLOEXEC));
  return file.valid() && ::write(file.get(), "1", 1) == 1;
}

}  // namespace

void AbortConnection(const std::string& device_number) {
  const std::string connection = device_number.substr(device_number.find(':') + 1);
  const FileDescriptor mounted(
      ::open("/sys/fs/fuse/connections", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (mounted.valid() && Abort(mounted.get(), connection)) {
    return;
  }
  const FileDescriptor control = OpenControl();
  if (control.valid()) {
    Abort(control.get(), connection);
  }
}

}  // namespace dokan
