#include "device_backing.h"

#include <errno.h>

#include <cstring>
#include <utility>

#include "arguments.h"
#include "backing_server.h"
#include "file_stamp.h"
#include "fuse_device.h"
#include "raw_method.h"

namespace dokan {
namespace {

// Requests served before the event loop gets its turn.
constexpr int kBatch = 64;

napi_value Truth(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

}  // namespace

std::array<napi_property_descriptor, 7> DeviceBacking::Methods() {
  return {
      RawMethod("checkBacking", Check),    RawMethod("openBacking", Open),
      RawMethod("isBacking", Is),          RawMethod("isUnchangedBacking", IsUnchanged),
      RawMethod("closeBacking", Close),    RawMethod("serveBacking", Serve),
      RawMethod("endBacking", EndServing),
  };
}

size_t DeviceBacking::outstanding() const {
  return server_ == nullptr ? 0 : server_->outstanding();
}

int64_t DeviceBacking::Receive(std::span<uint8_t> buffer, int64_t spin_microseconds) {
  if (early_) {
    return TakeEarly(buffer);
  }
  if (server_ == nullptr || !server_->active() || buffer.size() < kDataOffset) {
    return device_.ReceiveAny(buffer, spin_microseconds);
  }
  longest_ = buffer.size();
  // Whoever waits for a disk asks nothing meanwhile, and looking for it would take time from the
  // thread that answers.
  const int64_t length = ServeBelow(server_->outstanding() > 0 ? 0 : spin_microseconds);
  if (length > 0) {
    std::memcpy(buffer.data(), server_->Incoming(longest_).data(), static_cast<size_t>(length));
  }
  return length;
}

// Received into memory that goes along with a request to another thread: most are for here, and
// those that are for JavaScript are small. 0 for one that was served, else as ReceiveRequest.
int64_t DeviceBacking::ServeBelow(int64_t spin_microseconds) {
  const int64_t length = device_.ReceiveAny(server_->Incoming(longest_), spin_microseconds);
  if (length <= 0) {
    return length;
  }
  return server_->Serve(device_.connection().fd(), static_cast<size_t>(length)) ? 0 : length;
}

bool DeviceBacking::NeedsJavaScript() {
  if (early_ || server_ == nullptr || !server_->active() || longest_ == 0) {
    return true;
  }
  for (int turn = 0; turn < kBatch; ++turn) {
    const int64_t length = ServeBelow(0);
    if (length == -EAGAIN) {
      return false;
    }
    if (length != 0 || server_->outstanding() == 0) {
      early_ = length;
      return true;
    }
  }
  return false;
}

int64_t DeviceBacking::TakeEarly(std::span<uint8_t> buffer) {
  const int64_t length = *early_;
  if (length > static_cast<int64_t>(buffer.size())) {
    return -EINVAL;
  }
  early_.reset();
  if (length > 0) {
    if (server_ == nullptr) {
      return -ENODEV;
    }
    std::memcpy(buffer.data(), server_->Incoming(longest_).data(), static_cast<size_t>(length));
  }
  return length;
}

void DeviceBacking::End() {
  if (server_ != nullptr) {
    // No handle is released once the connection has ended.
    std::exchange(server_, nullptr)->RemoveAll();
  }
}

napi_value DeviceBacking::Check(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const int open_flags = arguments.Int32(1, "openFlags");
  return arguments.failed() ? nullptr : Number(env, BackingFile::Check(fd, open_flags));
}

napi_value DeviceBacking::Open(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const bool for_others = arguments.Boolean(1, "forOthers");
  auto* const device = ObjectOf<FuseDevice>(arguments);
  if (device == nullptr) {
    return nullptr;
  }
  return Number(env,
                device->backing().passthrough_.Open(device->connection().fd(), fd, for_others));
}

napi_value DeviceBacking::Is(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t id = arguments.Int32(0, "id");
  const int fd = arguments.Int32(1, "fd");
  auto* const device = ObjectOf<FuseDevice>(arguments);
  return device == nullptr ? nullptr : Truth(env, device->backing().passthrough_.IsOf(id, fd));
}

napi_value DeviceBacking::IsUnchanged(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const std::span<uint8_t> bytes = arguments.Bytes(1, "stamp");
  if (arguments.failed()) {
    return nullptr;
  }
  bool unchanged = false;
  if (FileStamp stamp = {}; bytes.size() == sizeof stamp) {
    std::memcpy(&stamp, bytes.data(), sizeof stamp);
    unchanged = dokan::IsUnchanged(fd, &stamp);
    std::memcpy(bytes.data(), &stamp, sizeof stamp);
  }
  return Truth(env, unchanged);
}

napi_value DeviceBacking::Close(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t id = arguments.Int32(0, "id");
  if (auto* const device = ObjectOf<FuseDevice>(arguments); device != nullptr) {
    device->backing().passthrough_.Close(device->connection().fd(), id);
  }
  return nullptr;
}

napi_value DeviceBacking::Serve(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int64_t handle = arguments.Int64(0, "handle");
  const int fd = arguments.Int32(1, "fd");
  const bool extends = arguments.Boolean(2, "extends");
  auto* const device = ObjectOf<FuseDevice>(arguments);
  return device == nullptr ? nullptr : Number(env, device->backing().Add(handle, fd, extends));
}

int64_t DeviceBacking::Add(int64_t handle, int fd, bool extends) {
  if (server_ == nullptr && !device_.ended()) {
    server_ = device_.connection().Backing();
  }
  return server_ == nullptr ? -EBADF : server_->Add(static_cast<uint64_t>(handle), fd, extends);
}

napi_value DeviceBacking::EndServing(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int64_t handle = arguments.Int64(0, "handle");
  auto* const device = ObjectOf<FuseDevice>(arguments);
  if (device != nullptr && device->backing().server_ != nullptr) {
    device->backing().server_->Remove(static_cast<uint64_t>(handle));
  }
  return nullptr;
}

}  // namespace dokan
