#include "library_functions.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "common/background_tasks.h"
#include "dokan_library.h"
#include "environment.h"
#include "mount_options.h"
#include "wide_text.h"

namespace dokan {
namespace {

// Something to ask a library, on a thread of its own: loading it and talking to the driver block.
class LibraryTask : public BackgroundTask {
 public:
  explicit LibraryTask(std::optional<std::wstring> path) : path_(std::move(path)) {}

  void Execute() override {
    auto loaded = DokanLibrary::Load(path_);
    if (auto* const failure = std::get_if<DokanFailure>(&loaded)) {
      failure_ = std::move(*failure);
      return;
    }
    library_ = std::get<std::shared_ptr<DokanLibrary>>(loaded);
    Ask(*library_);
  }

  Napi::Value Result(Napi::Env env) override {
    if (failure_) {
      throw failure_->ToError(env);
    }
    return Answer(env);
  }

 protected:
  virtual void Ask(const DokanLibrary& library) = 0;
  virtual Napi::Value Answer(Napi::Env env) const = 0;
  const DokanLibrary& library() const { return *library_; }

 private:
  const std::optional<std::wstring> path_;
  std::optional<DokanFailure> failure_;
  std::shared_ptr<DokanLibrary> library_;
};

class VersionsTask : public LibraryTask {
 public:
  using LibraryTask::LibraryTask;

 protected:
  void Ask(const DokanLibrary& library) override {
    version_ = library.version();
    driver_ = library.driver_version();
  }

  Napi::Value Answer(Napi::Env env) const override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("path", ToJavaScript(env, library().path()));
    result.Set("library", Napi::Number::New(env, version_));
    result.Set("driver", Napi::Number::New(env, driver_));
    return result;
  }

 private:
  ULONG version_ = 0;
  ULONG driver_ = 0;
};

// Up to its NUL, or all of it.
template <size_t kSize>
Napi::String FieldText(Napi::Env env, const WCHAR (&field)[kSize]) {
  const WCHAR* const end = std::find(std::begin(field), std::end(field), L'\0');
  return ToJavaScript(env, {field, static_cast<size_t>(end - field)});
}

class MountPointsTask : public LibraryTask {
 public:
  MountPointsTask(std::optional<std::wstring> path, bool unc_only)
      : LibraryTask(std::move(path)), unc_only_(unc_only) {}

 protected:
  void Ask(const DokanLibrary& library) override {
    ULONG count = 0;
    abi::MountPointInfo* const list =
        library.get_mount_point_list(unc_only_ ? TRUE : FALSE, &count);
    if (list == nullptr) {
      return;  // None.
    }
    // With `uncOnly`, the library leaves the others in the list, as zeros.
    std::copy_if(list, list + count, std::back_inserter(points_),
                 [](const abi::MountPointInfo& point) { return point.device_name[0] != 0; });
    library.release_mount_point_list(list);
  }

  Napi::Value Answer(Napi::Env env) const override {
    Napi::Array result = Napi::Array::New(env, points_.size());
    for (size_t index = 0; index < points_.size(); ++index) {
      const abi::MountPointInfo& point = points_[index];
      Napi::Object object = Napi::Object::New(env);
      object.Set("type", Napi::Number::New(env, point.type));
      object.Set("mountPoint", FieldText(env, point.mount_point));
      object.Set("uncName", FieldText(env, point.unc_name));
      object.Set("deviceName", FieldText(env, point.device_name));
      object.Set("sessionId", Napi::Number::New(env, point.session_id));
      object.Set("mountOptions", Napi::Number::New(env, point.mount_options));
      result.Set(static_cast<uint32_t>(index), object);
    }
    return result;
  }

 private:
  const bool unc_only_;
  std::vector<abi::MountPointInfo> points_;
};

class RemoveTask : public LibraryTask {
 public:
  RemoveTask(std::optional<std::wstring> path, std::wstring mount_point)
      : LibraryTask(std::move(path)), mount_point_(std::move(mount_point)) {}

 protected:
  void Ask(const DokanLibrary& library) override {
    removed_ = library.remove_mount_point(mount_point_.c_str()) != FALSE;
  }

  Napi::Value Answer(Napi::Env env) const override { return Napi::Boolean::New(env, removed_); }

 private:
  const std::wstring mount_point_;
  bool removed_ = false;
};

}  // namespace

Napi::Value VersionsFunction(const Napi::CallbackInfo& info) {
  return AddonEnvironment::Of(info.Env())
      .tasks()
      .Start(std::make_unique<VersionsTask>(ReadOptionalText(info[0], "libraryPath")));
}

Napi::Value ListMountPointsFunction(const Napi::CallbackInfo& info) {
  return AddonEnvironment::Of(info.Env())
      .tasks()
      .Start(std::make_unique<MountPointsTask>(ReadOptionalText(info[0], "libraryPath"),
                                               info[1].ToBoolean()));
}

Napi::Value RemoveMountPointFunction(const Napi::CallbackInfo& info) {
  if (!info[1].IsString()) {
    throw Napi::TypeError::New(info.Env(), "Expected a string for 'mountPoint'");
  }
  return AddonEnvironment::Of(info.Env())
      .tasks()
      .Start(std::make_unique<RemoveTask>(ReadOptionalText(info[0], "libraryPath"),
                                          FromJavaScript(info[1].As<Napi::String>())));
}

void OnDriverLogFunction(const Napi::CallbackInfo& info) {
  AddonEnvironment::Of(info.Env()).SetLogHandler(info[0]);
}

}  // namespace dokan
