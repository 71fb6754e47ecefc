#include "thread_device.h"

#include <errno.h>

#include <span>
#include <utility>

#include "common/javascript_call.h"
#include "device_calls.h"
#include "environment.h"
#include "raw_method.h"
#include "shared_nodes.h"
#include "system_failure.h"

namespace dokan {
namespace {

using Thread = std::shared_ptr<ServingThread>;

}  // namespace

Napi::Function ThreadDevice::DefineClass(Napi::Env env) {
  return ObjectWrap::DefineClass(
      env, "ThreadDevice",
      {
          InstanceAccessor<&ThreadDevice::Thread>("thread", napi_enumerable),
          InstanceMethod<&ThreadDevice::Nodes>("nodes", napi_default_method),
          InstanceMethod<&ThreadDevice::Start>("start", napi_default_method),
          InstanceMethod<&ThreadDevice::Close>("close", napi_default_method),
          RawMethod("receive", DeviceCalls<ThreadDevice>::Receive),
          RawMethod("send", DeviceCalls<ThreadDevice>::Send),
          RawMethod("exchange", DeviceCalls<ThreadDevice>::Exchange),
          RawMethod("sendParts", DeviceCalls<ThreadDevice>::SendParts),
          RawMethod("exchangeParts", DeviceCalls<ThreadDevice>::ExchangeParts),
      });
}

ThreadDevice::ThreadDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw Napi::TypeError::New(info.Env(), "Illegal constructor: devices come from joinThreads");
  }
  thread_ = *info[0].As<Napi::External<dokan::Thread>>().Data();
  environment_ = &AddonEnvironment::Of(info.Env());
  environment_->Add(this);
  Ref();
}

ThreadDevice::~ThreadDevice() = default;

Napi::Value ThreadDevice::Thread(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), thread_ == nullptr ? 0 : thread_->number());
}

Napi::Value ThreadDevice::Nodes(const Napi::CallbackInfo& info) {
  if (thread_ == nullptr) {
    return info.Env().Undefined();
  }
  return SharedNodes::Create(info.Env(), thread_->group()->nodes(), thread_->untold());
}

void ThreadDevice::Start(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) {
    throw Napi::TypeError::New(info.Env(), "Expected a function for 'onReadable'");
  }
  if (environment_ == nullptr || device_poller_ != nullptr) {
    throw SystemFailure::FromErrno(EBADF, "poll", "").ToError(info.Env());
  }
  on_readable_ = Napi::Persistent(info[0].As<Napi::Function>());
  context_.emplace(info.Env(), "ThreadDevice");
  device_poller_ = Watch(thread_->device());
  signal_poller_ = Watch(thread_->signal());
  if (device_poller_ == nullptr || signal_poller_ == nullptr || device_poller_->Start() != 0 ||
      signal_poller_->Start() != 0) {
    StopWatching();
    throw SystemFailure::FromErrno(EBADF, "poll", "").ToError(info.Env());
  }
}

DevicePoller* ThreadDevice::Watch(int fd) {
  AddonEnvironment* environment = environment_;
  int error = 0;
  DevicePoller* const poller = DevicePoller::Open(
      environment->loop(), fd, [this] { OnEvent(); },
      [environment] { environment->HandleClosed(); }, &error);
  if (poller != nullptr) {
    environment->HandleOpened();
  }
  return poller;
}

void ThreadDevice::StopWatching() {
  for (DevicePoller* poller :
       {std::exchange(device_poller_, nullptr), std::exchange(signal_poller_, nullptr)}) {
    if (poller != nullptr) {
      poller->Close();
    }
  }
}

void ThreadDevice::Close(const Napi::CallbackInfo&) {
  if (environment_ != nullptr) {
    environment_->Remove(this);
    Leave();
  }
}

void ThreadDevice::Leave() {
  // Before the descriptor is closed, or the loop would watch whatever gets its number.
  StopWatching();
  thread_->Leave();
  thread_ = nullptr;  // With its descriptor, which would keep the connection.
  on_readable_.Reset();
  context_.reset();
  environment_ = nullptr;
  Unref();
}

void ThreadDevice::OnEvent() {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // The handle in this scope keeps the object while the callback closes it.
  const Napi::Value self = Value();
  CallJavaScript(env, *context_, self, on_readable_.Value());
}

int64_t ThreadDevice::Receive(std::span<uint8_t> buffer, int64_t spin_microseconds) {
  return thread_ == nullptr ? -ENODEV : thread_->Receive(buffer, spin_microseconds);
}

int64_t ThreadDevice::Send(std::span<const uint8_t> head, std::span<const uint8_t> body) {
  return thread_ == nullptr ? -ENODEV : thread_->Send(head, body);
}

Napi::Value JoinThreads(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) {
    throw Napi::TypeError::New(info.Env(), "Expected a number for 'id'");
  }
  const auto group = ServingGroup::Find(info[0].As<Napi::Number>().Uint32Value());
  int error = ENODEV;
  Thread thread = group == nullptr ? nullptr : group->Join(&error);
  if (thread == nullptr) {
    throw SystemFailure::FromErrno(error, "open", "/dev/fuse").ToError(info.Env());
  }
  return AddonEnvironment::Of(info.Env())
      .thread_class()
      .New({Napi::External<Thread>::New(info.Env(), &thread)});
}

}  // namespace dokan
