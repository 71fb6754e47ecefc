#include "fuse_device.h"

#include <errno.h>

#include <span>
#include <utility>
#include <vector>

#include "arguments.h"
#include "byte_string.h"
#include "common/javascript_call.h"
#include "connection_registry.h"
#include "device_calls.h"
#include "device_io.h"
#include "environment.h"
#include "raw_method.h"
#include "shared_nodes.h"
#include "system_failure.h"

namespace dokan {
namespace {

using Connection = std::shared_ptr<FuseConnection>;

}  // namespace

Napi::Function FuseDevice::DefineClass(Napi::Env env) {
  std::vector<PropertyDescriptor> properties = {
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
      RawMethod("receive", DeviceCalls<FuseDevice>::Receive),
      RawMethod("send", DeviceCalls<FuseDevice>::Send),
      RawMethod("exchange", DeviceCalls<FuseDevice>::Exchange),
      RawMethod("sendParts", DeviceCalls<FuseDevice>::SendParts),
      RawMethod("exchangeParts", DeviceCalls<FuseDevice>::ExchangeParts),
      RawMethod("notify", Notify),
  };
  for (const napi_property_descriptor& method : DeviceBacking::Methods()) {
    properties.emplace_back(method);
  }
  return ObjectWrap::DefineClass(env, "FuseDevice", properties);
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
  backing_.End();
  if (poller_ != nullptr) {
    std::exchange(poller_, nullptr)->Close();
  }
  on_readable_.Reset();
  context_.reset();
  environment_ = nullptr;
  Unref();
}

void FuseDevice::OnEvent() {
  if (!backing_.NeedsJavaScript()) {
    return;
  }
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // The handle in this scope keeps the object while the callback closes it.
  const Napi::Value self = Value();
  CallJavaScript(env, *context_, self, on_readable_.Value());
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

int64_t FuseDevice::Receive(std::span<uint8_t> buffer, int64_t spin_microseconds) {
  return backing_.Receive(buffer, spin_microseconds);
}

int64_t FuseDevice::Send(std::span<const uint8_t> head, std::span<const uint8_t> body) {
  return SendReply(connection_->fd(), head, body);
}

napi_value FuseDevice::Notify(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::span<uint8_t> message = arguments.Bytes(0, "message");
  auto* const device = ObjectOf<FuseDevice>(arguments);
  if (device == nullptr) {
    return nullptr;
  }
  napi_value result = nullptr;
  napi_get_boolean(env, device->connection_->Notify(message), &result);
  return result;
}

Napi::Value FuseDevice::BackingRequests(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(backing_.outstanding()));
}

}  // namespace dokan
