#include "fuse_device.h"

#include <errno.h>

#include <cstring>
#include <span>
#include <utility>

#include "arguments.h"
#include "byte_string.h"
#include "common/javascript_call.h"
#include "connection_registry.h"
#include "device_io.h"
#include "environment.h"
#include "file_stamp.h"
#include "shared_nodes.h"
#include "system_failure.h"

namespace dokan {
namespace {

using Connection = std::shared_ptr<FuseConnection>;

// Requests served before the event loop gets its turn.
constexpr int kBatch = 64;

napi_property_descriptor RawMethod(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

Napi::Function FuseDevice::DefineClass(Napi::Env env) {
  return ObjectWrap::DefineClass(
      env, "FuseDevice",
      {
          InstanceAccessor<&FuseDevice::Fd>("fd", napi_enumerable),
          InstanceAccessor<&FuseDevice::DeviceNumber>("deviceNumber", napi_enumerable),
          InstanceAccessor<&FuseDevice::MountPoint>("mountPoint", napi_enumerable),
          InstanceMethod<&FuseDevice::IsMounted>("isMounted", napi_default_method),
          InstanceMethod<&FuseDevice::Start>("start", napi_default_method),
          InstanceMethod<&FuseDevice::Stop>("stop", napi_default_method),
          InstanceMethod<&FuseDevice::RefHandle>("ref", napi_default_method),
          InstanceMethod<&FuseDevice::UnrefHandle>("unref", napi_default_method),
          InstanceMethod<&FuseDevice::Close>("close", napi_default_method),
          InstanceMethod<&FuseDevice::BackingRequests>("backingRequests", napi_default_method),
          InstanceMethod<&FuseDevice::Share>("share", napi_default_method),
          InstanceMethod<&FuseDevice::Nodes>("nodes", napi_default_method),
          InstanceMethod<&FuseDevice::IsWaitedFor>("isWaitedFor", napi_default_method),
          InstanceMethod<&FuseDevice::IsWriting>("isWriting", napi_default_method),
          RawMethod("receive", Receive),
          RawMethod("send", Send),
          RawMethod("exchange", Exchange),
          RawMethod("sendParts", SendParts),
          RawMethod("notify", Notify),
          RawMethod("checkBacking", CheckBacking),
          RawMethod("openBacking", OpenBacking),
          RawMethod("isBacking", IsBacking),
          RawMethod("isUnchangedBacking", IsUnchangedBacking),
          RawMethod("closeBacking", CloseBacking),
          RawMethod("serveBacking", ServeBacking),
          RawMethod("endBacking", EndBacking),
      });
}

Napi::Value FuseDevice::Create(Napi::Env env, Connection connection) {
  return AddonEnvironment::Of(env).device_class().New(
      {Napi::External<Connection>::New(env, &connection)});
}

FuseDevice::FuseDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw Napi::TypeError::New(info.Env(), "Illegal constructor: devices come from mounting");
  }
  connection_ = *info[0].As<Napi::External<Connection>>().Data();
  environment_ = &AddonEnvironment::Of(info.Env());
  environment_->Add(this);
  Ref();
}

FuseDevice::~FuseDevice() = default;

Napi::Value FuseDevice::Fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), connection_->fd());
}

Napi::Value FuseDevice::DeviceNumber(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), connection_->device_number());
}

Napi::Value FuseDevice::MountPoint(const Napi::CallbackInfo& info) {
  return Napi::Value(info.Env(), DecodeBytes(info.Env(), connection_->mount_point()));
}

Napi::Value FuseDevice::IsMounted(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), connection_->IsMounted());
}

void FuseDevice::Start(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) {
    throw Napi::TypeError::New(info.Env(), "Expected a function for 'onReadable'");
  }
  const auto fail = [&](int error) {
    return SystemFailure::FromErrno(error, "poll", connection_->mount_point()).ToError(info.Env());
  };
  if (connection_->fd() < 0) {
    throw fail(EBADF);
  }
  on_readable_ = Napi::Persistent(info[0].As<Napi::Function>());
  if (!context_) {
    context_.emplace(info.Env(), "FuseDevice");
  }
  int error = 0;
  if (poller_ == nullptr) {
    AddonEnvironment* environment = environment_;
    poller_ = DevicePoller::Open(
        environment->loop(), connection_->fd(), [this] { OnEvent(); },
        [environment] { environment->HandleClosed(); }, &error);
    if (poller_ == nullptr) {
      throw fail(-error);
    }
    environment->HandleOpened();
    if (!referenced_) {
      poller_->Unref();
    }
  }
  error = poller_->Start();
  if (error != 0) {
    throw fail(-error);
  }
  if (watch_ == nullptr) {
    StartWatch();
  }
  if (kept_poller_ != nullptr) {
    kept_poller_->Start();
  }
}

void FuseDevice::StartWatch() {
  watch_ = connection_->StartWatch();
  if (watch_ == nullptr) {
    return;
  }
  AddonEnvironment* environment = environment_;
  int error = 0;
  kept_poller_ = DevicePoller::Open(
      environment->loop(), watch_->kept_descriptor(), [this] { OnEvent(); },
      [environment] { environment->HandleClosed(); }, &error);
  if (kept_poller_ != nullptr) {
    environment->HandleOpened();
    kept_poller_->Unref();
  }
}

void FuseDevice::Stop(const Napi::CallbackInfo&) {
  if (poller_ != nullptr) {
    poller_->Stop();
  }
  if (kept_poller_ != nullptr) {
    kept_poller_->Stop();
  }
}

void FuseDevice::RefHandle(const Napi::CallbackInfo&) {
  referenced_ = true;
  if (poller_ != nullptr) {
    poller_->Ref();
  }
}

void FuseDevice::UnrefHandle(const Napi::CallbackInfo&) {
  referenced_ = false;
  if (poller_ != nullptr) {
    poller_->Unref();
  }
}

void FuseDevice::Close(const Napi::CallbackInfo&) {
  if (environment_ == nullptr) {
    return;
  }
  environment_->Remove(this);
  ConnectionRegistry::Get().Remove(connection_);
  ReleaseLoop();
  connection_->Close();
}

Napi::Value FuseDevice::Share(const Napi::CallbackInfo& info) {
  if (!info[0].IsBoolean()) {
    throw Napi::TypeError::New(info.Env(), "Expected a boolean for 'stateless'");
  }
  const auto group = connection_->Share(info[0].As<Napi::Boolean>().Value());
  return Napi::Number::New(info.Env(), group->id());
}

Napi::Value FuseDevice::Nodes(const Napi::CallbackInfo& info) {
  const auto group = connection_->group();
  return group ? SharedNodes::Create(info.Env(), group->nodes(), nullptr) : info.Env().Undefined();
}

Napi::Value FuseDevice::IsWaitedFor(const Napi::CallbackInfo& info) {
  const auto group = connection_->group();
  return Napi::Boolean::New(info.Env(), group && group->IsWaitedFor());
}

Napi::Value FuseDevice::IsWriting(const Napi::CallbackInfo& info) {
  const auto group = connection_->group();
  // The queue first: what has left it since is with a thread.
  return Napi::Boolean::New(info.Env(), connection_->IsAsking() || (group && group->IsWriting()));
}

std::shared_ptr<FuseConnection> FuseDevice::ReleaseConnection() {
  ReleaseLoop();
  return connection_;
}

// Polling ends before the descriptor is closed, or the loop would watch whatever gets its number.
void FuseDevice::ReleaseLoop() {
  if (kept_poller_ != nullptr) {
    std::exchange(kept_poller_, nullptr)->Close();
  }
  watch_ = nullptr;
  if (backing_ != nullptr) {
    // No handle is released once the connection has ended.
    std::exchange(backing_, nullptr)->RemoveAll();
  }
  if (poller_ != nullptr) {
    std::exchange(poller_, nullptr)->Close();
  }
  on_readable_.Reset();
  context_.reset();
  environment_ = nullptr;
  Unref();
}

void FuseDevice::OnEvent() {
  if (!NeedsJavaScript()) {
    return;
  }
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // The handle in this scope keeps the object while the callback closes it.
  const Napi::Value self = Value();
  CallJavaScript(env, *context_, self, on_readable_.Value());
}

napi_value FuseDevice::Receive(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::span<uint8_t> buffer = arguments.Bytes(0, "buffer");
  const int64_t spin = arguments.Int64(1, "spinMicroseconds");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  return Number(env, static_cast<FuseDevice*>(self)->ReceiveForJavaScript(buffer, spin));
}

int64_t FuseDevice::ReceiveAny(std::span<uint8_t> buffer, int64_t spin_microseconds) {
  if (watch_ != nullptr) {
    watch_->Serving();
    const int64_t kept = watch_->Take(buffer);
    if (kept != 0) {
      return kept;
    }
  }
  return ReceiveRequest(connection_->fd(), buffer, spin_microseconds);
}

// 0 for a request that was served here.
int64_t FuseDevice::ReceiveForJavaScript(std::span<uint8_t> buffer, int64_t spin_microseconds) {
  if (const int64_t wrong = CheckLength(buffer, 0); wrong != 0) {
    return wrong;
  }
  if (early_) {
    return TakeEarly(buffer);
  }
  if (backing_ == nullptr || !backing_->active() || buffer.size() < kDataOffset) {
    return ReceiveAny(buffer, spin_microseconds);
  }
  longest_ = buffer.size();
  // Whoever waits for a disk asks nothing meanwhile, and looking for it would take time from the
  // thread that answers.
  const int64_t length = ServeBelow(backing_->outstanding() > 0 ? 0 : spin_microseconds);
  if (length > 0) {
    std::memcpy(buffer.data(), backing_->Incoming(longest_).data(), static_cast<size_t>(length));
  }
  return length;
}

// Received into memory that goes along with a request to another thread: most are for here, and
// those that are for JavaScript are small. 0 for one that was served, else as ReceiveRequest.
int64_t FuseDevice::ServeBelow(int64_t spin_microseconds) {
  const int64_t length = ReceiveAny(backing_->Incoming(longest_), spin_microseconds);
  if (length <= 0) {
    return length;
  }
  return backing_->Serve(connection_->fd(), static_cast<size_t>(length)) ? 0 : length;
}

// Serves what needs no JavaScript, for as long as threads are at work: calling it would take longer
// than handing over to them. Once they have nothing to do JavaScript looks for what comes next.
bool FuseDevice::NeedsJavaScript() {
  if (early_ || backing_ == nullptr || !backing_->active() || longest_ == 0) {
    return true;
  }
  for (int turn = 0; turn < kBatch; ++turn) {
    const int64_t length = ServeBelow(0);
    if (length == -EAGAIN) {
      return false;
    }
    if (length != 0 || backing_->outstanding() == 0) {
      early_ = length;
      return true;
    }
  }
  return false;
}

int64_t FuseDevice::TakeEarly(std::span<uint8_t> buffer) {
  const int64_t length = *early_;
  if (length > static_cast<int64_t>(buffer.size())) {
    return -EINVAL;
  }
  early_.reset();
  if (length > 0) {
    if (backing_ == nullptr) {
      return -ENODEV;
    }
    std::memcpy(buffer.data(), backing_->Incoming(longest_).data(), static_cast<size_t>(length));
  }
  return length;
}

napi_value FuseDevice::Send(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::span<uint8_t> buffer = arguments.Bytes(0, "buffer");
  const int64_t length = arguments.Int64(1, "length");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  return Number(env, static_cast<FuseDevice*>(self)->SendForJavaScript(buffer, length));
}

int64_t FuseDevice::SendForJavaScript(std::span<const uint8_t> buffer, int64_t length) {
  const int64_t wrong = CheckLength(buffer, length);
  return wrong != 0 ? wrong
                    : SendReply(connection_->fd(), buffer.first(static_cast<size_t>(length)));
}

napi_value FuseDevice::Exchange(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::span<uint8_t> reply = arguments.Bytes(0, "reply");
  const int64_t length = arguments.Int64(1, "length");
  const std::span<uint8_t> buffer = arguments.Bytes(2, "buffer");
  const int64_t spin = arguments.Int64(3, "spinMicroseconds");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  auto* const device = static_cast<FuseDevice*>(self);
  const int64_t sent = device->SendForJavaScript(reply, length);
  return Number(env, sent != 0 ? kNotSent + sent : device->ReceiveForJavaScript(buffer, spin));
}

napi_value FuseDevice::SendParts(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::span<uint8_t> head = arguments.Bytes(0, "head");
  const int64_t head_length = arguments.Int64(1, "headLength");
  const std::span<uint8_t> body = arguments.Bytes(2, "body");
  const int64_t body_length = arguments.Int64(3, "bodyLength");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  int64_t result = CheckLength(head, head_length);
  // An empty body has no memory, and that is not the same as a detached one.
  if (result == 0 && (body_length != 0 || body.data() != nullptr)) {
    result = CheckLength(body, body_length);
  }
  if (result == 0) {
    result = SendReplyParts(static_cast<FuseDevice*>(self)->connection_->fd(),
                            head.first(static_cast<size_t>(head_length)),
                            body.first(static_cast<size_t>(body_length)));
  }
  return Number(env, result);
}

napi_value FuseDevice::Notify(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::span<uint8_t> message = arguments.Bytes(0, "message");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  napi_value result = nullptr;
  napi_get_boolean(env, static_cast<FuseDevice*>(self)->connection_->Notify(message), &result);
  return result;
}

Napi::Value FuseDevice::BackingRequests(const Napi::CallbackInfo& info) {
  const size_t count = backing_ == nullptr ? 0 : backing_->outstanding();
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

napi_value FuseDevice::CheckBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const int open_flags = arguments.Int32(1, "openFlags");
  return arguments.failed() ? nullptr : Number(env, BackingFile::Check(fd, open_flags));
}

napi_value FuseDevice::OpenBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const bool for_others = arguments.Boolean(1, "forOthers");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  auto* const device = static_cast<FuseDevice*>(self);
  return Number(env, device->passthrough_.Open(device->connection_->fd(), fd, for_others));
}

napi_value FuseDevice::IsBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t id = arguments.Int32(0, "id");
  const int fd = arguments.Int32(1, "fd");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  napi_value result = nullptr;
  napi_get_boolean(env, static_cast<FuseDevice*>(self)->passthrough_.IsOf(id, fd), &result);
  return result;
}

napi_value FuseDevice::IsUnchangedBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int fd = arguments.Int32(0, "fd");
  const std::span<uint8_t> bytes = arguments.Bytes(1, "stamp");
  if (arguments.failed()) {
    return nullptr;
  }
  bool unchanged = false;
  if (FileStamp stamp = {}; bytes.size() == sizeof stamp) {
    std::memcpy(&stamp, bytes.data(), sizeof stamp);
    unchanged = IsUnchanged(fd, &stamp);
    std::memcpy(bytes.data(), &stamp, sizeof stamp);
  }
  napi_value result = nullptr;
  napi_get_boolean(env, unchanged, &result);
  return result;
}

napi_value FuseDevice::CloseBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t id = arguments.Int32(0, "id");
  void* self = nullptr;
  if (!arguments.failed() && napi_unwrap(env, arguments.self(), &self) == napi_ok) {
    auto* const device = static_cast<FuseDevice*>(self);
    device->passthrough_.Close(device->connection_->fd(), id);
  }
  return nullptr;
}

napi_value FuseDevice::ServeBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int64_t handle = arguments.Int64(0, "handle");
  const int fd = arguments.Int32(1, "fd");
  const bool extends = arguments.Boolean(2, "extends");
  void* self = nullptr;
  if (arguments.failed() || napi_unwrap(env, arguments.self(), &self) != napi_ok) {
    return nullptr;
  }
  auto* const device = static_cast<FuseDevice*>(self);
  if (device->backing_ == nullptr && device->environment_ != nullptr) {
    device->backing_ = device->connection_->Backing();
  }
  return Number(env, device->backing_ == nullptr
                         ? -EBADF
                         : device->backing_->Add(static_cast<uint64_t>(handle), fd, extends));
}

napi_value FuseDevice::EndBacking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int64_t handle = arguments.Int64(0, "handle");
  void* self = nullptr;
  if (!arguments.failed() && napi_unwrap(env, arguments.self(), &self) == napi_ok) {
    auto* const device = static_cast<FuseDevice*>(self);
    if (device->backing_ != nullptr) {
      device->backing_->Remove(static_cast<uint64_t>(handle));
    }
  }
  return nullptr;
}

}  // namespace dokan
