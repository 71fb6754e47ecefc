#include "volume_tasks.h"

#include <napi.h>

#include <string>
#include <utility>
#include <variant>

#include "dokan_failure.h"
#include "dokan_volume.h"
#include "wide_text.h"

namespace dokan {
namespace {

// Both tasks hold the instance and the JavaScript object.
class MountTask : public BackgroundTask {
 public:
  MountTask(DokanVolume* volume, std::shared_ptr<VolumeInstance> instance, MountOptions options)
      : instance_(std::move(instance)),
        options_(std::move(options)),
        volume_(Napi::Persistent(volume->Value())) {}

  void Execute() override { result_ = instance_->Mount(options_); }

  Napi::Value Result(Napi::Env env) override {
    if (const auto* const failure = std::get_if<DokanFailure>(&result_)) {
      NotStarted();
      throw failure->ToError(env);
    }
    return ToJavaScript(env, std::get<std::wstring>(result_));
  }

  void NotStarted() override { DokanVolume::Unwrap(volume_.Value())->Finish(); }
  // The environment frees its references itself.
  void Abandon() override { volume_.SuppressDestruct(); }
  bool Awaited() const override { return true; }

 private:
  const std::shared_ptr<VolumeInstance> instance_;
  const MountOptions options_;
  Napi::ObjectReference volume_;
  std::variant<std::wstring, DokanFailure> result_;
};

class CloseTask : public BackgroundTask {
 public:
  CloseTask(DokanVolume* volume, std::shared_ptr<VolumeInstance> instance)
      : instance_(std::move(instance)), volume_(Napi::Persistent(volume->Value())) {}

  void Execute() override { instance_->Close(); }

  Napi::Value Result(Napi::Env env) override {
    DokanVolume* const volume = DokanVolume::Unwrap(volume_.Value());
    volume->ReportClosed();
    volume->Finish();
    return env.Undefined();
  }

  // The environment frees its references itself.
  void Abandon() override { volume_.SuppressDestruct(); }
  bool Awaited() const override { return true; }

 private:
  const std::shared_ptr<VolumeInstance> instance_;
  Napi::ObjectReference volume_;
};

}  // namespace

std::unique_ptr<BackgroundTask> MakeMountTask(DokanVolume* volume,
                                              std::shared_ptr<VolumeInstance> instance,
                                              MountOptions options) {
  return std::make_unique<MountTask>(volume, std::move(instance), std::move(options));
}

std::unique_ptr<BackgroundTask> MakeCloseTask(DokanVolume* volume,
                                              std::shared_ptr<VolumeInstance> instance) {
  return std::make_unique<CloseTask>(volume, std::move(instance));
}

}  // namespace dokan
