#include "mount_operations.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "connection_control.h"
#include "mount_claim.h"

namespace dokan {
namespace {

constexpr const char* kDevice = "/dev/fuse";

// Resolved before mounting: afterwards every look at the path could be a request to ourselves.
int RealPath(const std::string& path, std::string* out) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) {
    return errno;
  }
  *out = real.get();
  return 0;
}

// The descriptor a helper passes through its socket; invalid when it ended without.
FileDescriptor ReceiveDescriptor(int channel) {
  char byte = 0;
  iovec part = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = 0;
  do {
    count = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  const cmsghdr* header = count > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
    return {};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return FileDescriptor(fd);
}

// The place to mount at, from when it is looked at until its mount is known.
struct Place {
  std::string path;
  FileDescriptor claim;
};

SystemFailure Take(const PlaceRequest& request, Place* place) {
  if (const int error = RealPath(request.mount_point, &place->path); error != 0) {
    return SystemFailure::FromErrno(error, "mount", request.mount_point);
  }
  if (!request.claim) {
    return {};
  }
  // Where there can be no claims everybody does without.
  const bool taken = ClaimMountPoint(place->path, &place->claim) == EADDRINUSE;
  if (taken || TopmostMount(place->path)) {
    return SystemFailure::FromErrno(EADDRINUSE, "claim", request.mount_point);
  }
  return {};
}

// While there was no mount whoever tidied up may have taken the guard for a forgotten one, and
// ended it: then there is another.
void Identify(const PlaceRequest& request, const Place& place, MountedFileSystem* mounted) {
  mounted->identity = TopmostMount(mounted->mount_point);
  if (!mounted->guard || !mounted->identity || mounted->guard->Watch(*mounted->identity)) {
    return;
  }
  mounted->guard = MountGuard::Start(request.guard, place.claim.get());
  if (mounted->guard && !mounted->guard->Watch(*mounted->identity)) {
    mounted->guard.reset();
  }
}

// There is no mount.
void DismissGuard(MountedFileSystem* mounted) {
  if (mounted->guard) {
    mounted->guard->Dismiss();
  }
}

SystemFailure HelperFailure(const std::string& helper, int exit_code,
                            const HelperProcess& process) {
  return {0, "helper", helper, exit_code, process.ErrorText()};
}

}  // namespace

SystemFailure MountDirect(const DirectMount& request, MountedFileSystem* mounted) {
  const auto failure = [&](int error) {
    return SystemFailure::FromErrno(error, "mount", request.place.mount_point);
  };
  mounted->device.Reset(::open(kDevice, O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!mounted->device.valid()) {
    return SystemFailure::FromErrno(errno, "open", kDevice);
  }
  Place place;
  if (SystemFailure refused = Take(request.place, &place); refused.failed()) {
    return refused;
  }
  mounted->mount_point = place.path;
  struct stat status = {};
  if (::lstat(mounted->mount_point.c_str(), &status) != 0) {
    return failure(errno);
  }
  std::array<char, 128> head;
  std::snprintf(head.data(), head.size(), "fd=%d,rootmode=%o,user_id=%u,group_id=%u",
                mounted->device.get(), status.st_mode & S_IFMT, ::getuid(), ::getgid());
  std::string data = head.data();
  if (!request.data.empty()) {
    data += ',' + request.data;
  }
  // The kernel takes one page and cuts the rest off without a word.
  if (data.size() >= static_cast<size_t>(::sysconf(_SC_PAGESIZE))) {
    return failure(EINVAL);
  }
  // Before there is a mount: this process may be killed right after.
  mounted->guard = MountGuard::Start(request.place.guard, place.claim.get());
  if (::mount(request.source.c_str(), mounted->mount_point.c_str(), request.type.c_str(),
              request.flags, data.c_str()) != 0) {
    const int error = errno;
    DismissGuard(mounted);
    return failure(error);
  }
  Identify(request.place, place, mounted);
  return {};
}

SystemFailure MountWithHelper(const HelperMount& request, MountedFileSystem* mounted) {
  Place place;
  if (SystemFailure refused = Take(request.place, &place); refused.failed()) {
    return refused;
  }
  mounted->mount_point = place.path;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return SystemFailure::FromErrno(errno, "spawn", request.helper.path);
  }
  FileDescriptor ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  mounted->guard = MountGuard::Start(request.place.guard, place.claim.get());
  HelperProcess process;
  const int error = process.Start(
      request.helper, {"-o", request.options, "--", mounted->mount_point}, theirs.get());
  if (error != 0) {
    DismissGuard(mounted);
    return SystemFailure::FromErrno(error, "spawn", request.helper.path);
  }
  theirs.Reset();  // Now the helper's end is the only one, and its exit is our end of file.
  process.CollectErrors(ours.get());
  mounted->device = ReceiveDescriptor(ours.get());
  if (!mounted->device.valid()) {
    ours.Reset();
    const int exit_code = process.Finish();
    DismissGuard(mounted);
    return HelperFailure(request.helper.path, exit_code, process);
  }
  const int flags = ::fcntl(mounted->device.get(), F_GETFL);
  ::fcntl(mounted->device.get(), F_SETFL, flags | O_NONBLOCK);
  Identify(request.place, place, mounted);
  mounted->helper = request.helper;
  ours.Reset();
  process.Finish();
  return {};
}

SystemFailure SyncFileSystem(const std::string& path) {
  const FileDescriptor directory(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) {
    return SystemFailure::FromErrno(errno, "open", path);
  }
  if (::syncfs(directory.get()) != 0) {
    return SystemFailure::FromErrno(errno, "syncfs", path);
  }
  // On FUSE syncfs makes the requests and does not wait for them. One that comes after them is
  // answered when they have been taken at least.
  struct statfs status = {};
  ::fstatfs(directory.get(), &status);
  return {};
}

SystemFailure CutConnection(const std::string& device_number) {
  AbortConnection(device_number);
  return {};
}

SystemFailure UnmountDirect(const std::string& mount_point, int flags) {
  if (::umount2(mount_point.c_str(), flags) != 0) {
    return SystemFailure::FromErrno(errno, "umount", mount_point);
  }
  return {};
}

SystemFailure UnmountWithHelper(const HelperProgram& helper, const std::string& mount_point,
                                bool lazy) {
  std::vector<std::string> arguments = {"-u"};
  if (lazy) {
    arguments.emplace_back("-z");
  }
  arguments.insert(arguments.end(), {"--", mount_point});
  HelperProcess process;
  if (const int error = process.Start(helper, arguments); error != 0) {
    return SystemFailure::FromErrno(error, "spawn", helper.path);
  }
  if (const int exit_code = process.Finish(); exit_code != 0) {
    return HelperFailure(helper.path, exit_code, process);
  }
  return {};
}

}  // namespace dokan
