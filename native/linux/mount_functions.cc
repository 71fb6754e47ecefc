#include "mount_functions.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "byte_string.h"
#include "connection_registry.h"
#include "environment.h"
#include "fuse_device.h"
#include "mount_ids.h"
#include "mount_operations.h"
#include "system_failure.h"
#include "volume_probe.h"

namespace dokan {
namespace {

class MountTask : public BackgroundTask {
 public:
  using Mount = std::function<SystemFailure(MountedFileSystem*)>;
  explicit MountTask(Mount mount) : mount_(std::move(mount)) {}

  void Execute() override {
    ConnectionRegistry::Get().BeginMount();
    MountedFileSystem mounted;
    failure_ = mount_(&mounted);
    if (!failure_.failed()) {
      connection_ = std::make_shared<FuseConnection>(std::move(mounted));
    }
    ConnectionRegistry::Get().EndMount(connection_);
  }

  Napi::Value Result(Napi::Env env) override {
    if (failure_.failed()) {
      throw failure_.ToError(env);
    }
    return FuseDevice::Create(env, connection_);
  }

  void Abandon() override {
    if (connection_) {
      ConnectionRegistry::Get().Remove(connection_);
      TearDown({connection_});
    }
  }

  bool Awaited() const override { return true; }

 private:
  Mount mount_;
  SystemFailure failure_;
  std::shared_ptr<FuseConnection> connection_;
};

// Whatever has no result but a failure.
class PlainTask : public BackgroundTask {
 public:
  using Work = std::function<SystemFailure()>;
  explicit PlainTask(Work work) : work_(std::move(work)) {}

  void Execute() override { failure_ = work_(); }

  Napi::Value Result(Napi::Env env) override {
    if (failure_.failed()) {
      throw failure_.ToError(env);
    }
    return env.Undefined();
  }

 private:
  Work work_;
  SystemFailure failure_;
};

// May wait for a file system that never answers: nobody is kept waiting with it.
class SyncTask : public PlainTask {
 public:
  using PlainTask::PlainTask;
  bool KeepsAlive() const override { return false; }
};

class MountIdTask : public BackgroundTask {
 public:
  explicit MountIdTask(std::function<int64_t()> look) : look_(std::move(look)) {}

  void Execute() override { id_ = look_(); }

  Napi::Value Result(Napi::Env env) override {
    return Napi::Number::New(env, static_cast<double>(id_));
  }

 private:
  const std::function<int64_t()> look_;
  int64_t id_ = 0;
};

// Keeps Node running: it takes no longer than its limit.
class ProbeTask : public BackgroundTask {
 public:
  explicit ProbeTask(VolumeProbe probe) : probe_(std::move(probe)) {}

  void Execute() override { state_ = ProbeVolume(probe_); }

  Napi::Value Result(Napi::Env env) override { return Napi::String::New(env, NameOf(state_)); }

 private:
  const VolumeProbe probe_;
  VolumeState state_ = VolumeState::kUnknown;
};

Napi::TypeError WrongType(Napi::Env env, const char* name, const char* expected) {
  return Napi::TypeError::New(env, std::string("Expected ") + expected + " for '" + name + "'");
}

std::string Text(const Napi::Value& value, const char* name) {
  if (!value.IsString()) {
    throw WrongType(value.Env(), name, "a string");
  }
  BytePath bytes;
  if (!bytes.Read(value.Env(), value) || bytes.error() != 0) {
    throw SystemFailure::FromErrno(bytes.error(), "mount", name).ToError(value.Env());
  }
  return std::string(bytes.view());
}

int64_t Integer(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) {
    throw WrongType(value.Env(), name, "a number");
  }
  return value.As<Napi::Number>().Int64Value();
}

bool Boolean(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) {
    throw WrongType(value.Env(), name, "a boolean");
  }
  return value.As<Napi::Boolean>().Value();
}

std::vector<std::string> Texts(const Napi::Value& value, const char* name) {
  if (!value.IsArray()) {
    throw WrongType(value.Env(), name, "an array");
  }
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t index = 0; index < array.Length(); ++index) {
    texts.push_back(Text(array.Get(index), name));
  }
  return texts;
}

// Absent: no guard.
GuardRequest Guard(const Napi::Value& value) {
  if (value.IsUndefined()) {
    return {};
  }
  if (!value.IsObject()) {
    throw WrongType(value.Env(), "guard", "an object");
  }
  const auto object = value.As<Napi::Object>();
  return {
      .command = Texts(object.Get("command"), "command"),
      .environment = Texts(object.Get("environment"), "environment"),
  };
}

PlaceRequest Place(const Napi::Object& object) {
  const Napi::Value claim = object.Get("claim");
  return {
      .mount_point = Text(object.Get("mountPoint"), "mountPoint"),
      .claim = !claim.IsUndefined() && Boolean(claim, "claim"),
      .guard = Guard(object.Get("guard")),
  };
}

Napi::Object Request(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) {
    throw WrongType(info.Env(), "request", "an object");
  }
  return info[0].As<Napi::Object>();
}

// Starts the task that `make` builds from the arguments. What is wrong with these rejects the
// promise too: one way for the caller to learn of a failure.
Napi::Value Start(Napi::Env env, const std::function<std::unique_ptr<BackgroundTask>()>& make) {
  try {
    return AddonEnvironment::Of(env).tasks().Start(make());
  } catch (const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error.Value());
    return deferred.Promise();
  }
}

}  // namespace

Napi::Value MountDirectFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const Napi::Object object = Request(info);
    const DirectMount request = {
        .place = Place(object),
        .source = Text(object.Get("source"), "source"),
        .type = Text(object.Get("type"), "type"),
        .flags = static_cast<unsigned long>(Integer(object.Get("flags"), "flags")),
        .data = Text(object.Get("data"), "data"),
    };
    return std::make_unique<MountTask>(
        [request](MountedFileSystem* mounted) { return MountDirect(request, mounted); });
  });
}

Napi::Value MountWithHelperFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const Napi::Object object = Request(info);
    const HelperMount request = {
        .helper = HelperProgram::FromCurrentEnvironment(Text(object.Get("helper"), "helper")),
        .place = Place(object),
        .options = Text(object.Get("options"), "options"),
    };
    return std::make_unique<MountTask>(
        [request](MountedFileSystem* mounted) { return MountWithHelper(request, mounted); });
  });
}

Napi::Value SyncFileSystemFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const std::string path = Text(info[0], "path");
    return std::make_unique<SyncTask>([path] { return SyncFileSystem(path); });
  });
}

Napi::Value UniqueMountIdFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const std::string path = Text(info[0], "path");
    return std::make_unique<MountIdTask>([path] { return UniqueMountId(path); });
  });
}

Napi::Value ListedMountIdFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const int64_t unique_id = Integer(info[0], "uniqueId");
    return std::make_unique<MountIdTask>([unique_id] { return ListedMountId(unique_id); });
  });
}

Napi::Value ProbeVolumeFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const Napi::Object object = Request(info);
    return std::make_unique<ProbeTask>(VolumeProbe{
        .mount_point = Text(object.Get("mountPoint"), "mountPoint"),
        .device_number = Text(object.Get("deviceNumber"), "deviceNumber"),
        .user = static_cast<uid_t>(Integer(object.Get("userId"), "userId")),
        .group = static_cast<gid_t>(Integer(object.Get("groupId"), "groupId")),
        .limit = std::chrono::milliseconds(Integer(object.Get("timeout"), "timeout")),
    });
  });
}

Napi::Value AbortConnectionFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const std::string device_number = Text(info[0], "deviceNumber");
    return std::make_unique<PlainTask>([device_number] { return CutConnection(device_number); });
  });
}

Napi::Value UnmountDirectFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const std::string mount_point = Text(info[0], "mountPoint");
    const int flags = static_cast<int>(Integer(info[1], "flags"));
    return std::make_unique<PlainTask>(
        [mount_point, flags] { return UnmountDirect(mount_point, flags); });
  });
}

Napi::Value UnmountWithHelperFunction(const Napi::CallbackInfo& info) {
  return Start(info.Env(), [&] {
    const auto helper = HelperProgram::FromCurrentEnvironment(Text(info[0], "helper"));
    const std::string mount_point = Text(info[1], "mountPoint");
    const bool lazy = Boolean(info[2], "lazy");
    return std::make_unique<PlainTask>(
        [helper, mount_point, lazy] { return UnmountWithHelper(helper, mount_point, lazy); });
  });
}

}  // namespace dokan
