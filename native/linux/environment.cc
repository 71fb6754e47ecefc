#include "environment.h"

#include <chrono>
#include <utility>

#include "connection_registry.h"
#include "fuse_device.h"
#include "thread_device.h"

namespace dokan {
namespace {

constexpr std::chrono::seconds kMountLimit{2};

}  // namespace

void AddonEnvironment::Attach(Napi::Env env) {
  env.SetInstanceData(new AddonEnvironment(env));
}

AddonEnvironment& AddonEnvironment::Of(Napi::Env env) {
  return *env.GetInstanceData<AddonEnvironment>();
}

AddonEnvironment::AddonEnvironment(Napi::Env env) : env_(env), tasks_(env) {
  napi_get_uv_event_loop(env, &loop_);
  HandleOpened();  // The one of tasks_.
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle hook, void* self) {
        static_cast<AddonEnvironment*>(self)->CleanUp(hook);
      },
      this, &hook_);
}

AddonEnvironment::~AddonEnvironment() {
  // The environment frees its references itself.
  device_class_.SuppressDestruct();
  nodes_class_.SuppressDestruct();
  thread_class_.SuppressDestruct();
}

void AddonEnvironment::Add(FuseDevice* device) {
  devices_.push_back(device);
}

void AddonEnvironment::Remove(FuseDevice* device) {
  std::erase(devices_, device);
}

void AddonEnvironment::Add(ThreadDevice* device) {
  thread_devices_.push_back(device);
}

void AddonEnvironment::Remove(ThreadDevice* device) {
  std::erase(thread_devices_, device);
}

void AddonEnvironment::HandleOpened() {
  ++open_handles_;
}

void AddonEnvironment::HandleClosed() {
  if (--open_handles_ == 0 && ending_) {
    napi_remove_async_cleanup_hook(hook_);
  }
}

void AddonEnvironment::CleanUp(napi_async_cleanup_hook_handle hook) {
  hook_ = hook;
  ending_ = true;
  const Napi::HandleScope scope(env_);
  for (ThreadDevice* device : std::exchange(thread_devices_, {})) {
    device->Leave();
  }
  std::vector<std::shared_ptr<FuseConnection>> connections;
  for (FuseDevice* device : std::exchange(devices_, {})) {
    connections.push_back(device->ReleaseConnection());
  }
  for (const auto& connection : connections) {
    ConnectionRegistry::Get().Remove(connection);
  }
  TearDown(std::move(connections));
  tasks_.Close(kMountLimit, [this] { HandleClosed(); });
}

}  // namespace dokan
