#include "volume_probe.h"

#include <windows.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/background_tasks.h"
#include "common/claims.h"
#include "common/thread.h"
#include "common/volume_state.h"
#include "environment.h"
#include "wide_text.h"

namespace dokan {
namespace {

using std::chrono::steady_clock;

// Of all volumes of this process and its Workers, by mount point. Never destroyed: threads outlive
// the environments.
Claims& BeingAsked() {
  static Claims& claims = *new Claims;
  return claims;
}

// ERROR_NO_SUCH_DEVICE, which not every SDK has.
constexpr DWORD kNoSuchDevice = 433;

VolumeState StateOf(DWORD error) {
  switch (error) {
    // Not reached: a letter of another session, a folder that something covers.
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_PATHNAME:
    case ERROR_DIRECTORY:
    case ERROR_INVALID_NAME:
    case ERROR_ACCESS_DENIED:
      return VolumeState::kUnknown;
    case ERROR_DEV_NOT_EXIST:
    case kNoSuchDevice:
    case ERROR_DEVICE_NOT_CONNECTED:
    case ERROR_DEVICE_REMOVED:
    case ERROR_UNRECOGNIZED_VOLUME:
      return VolumeState::kDead;
    // Any other error is an answer.
    default:
      return VolumeState::kLive;
  }
}

VolumeState Ask(const std::wstring& mount_point) {
  // A path to a folder needs its end, and a drive's root is one.
  const std::wstring root = mount_point + L'\\';
  ULARGE_INTEGER available = {};
  return GetDiskFreeSpaceExW(root.c_str(), &available, nullptr, nullptr) != FALSE
             ? VolumeState::kLive
             : StateOf(GetLastError());
}

// Between the thread that asks, for as long as the volume likes, and the one that waits for it.
struct Answer {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<VolumeState> state;
};

// Keeps Node running: it takes no longer than its limit. The thread that asks does not, and what
// it waits for is given up when the process ends.
class ProbeTask : public BackgroundTask {
 public:
  ProbeTask(std::wstring mount_point, std::chrono::milliseconds limit)
      : mount_point_(std::move(mount_point)), limit_(limit) {}

  void Execute() override {
    const auto deadline = steady_clock::now() + limit_;
    const std::string name = ToUtf8(mount_point_);
    // Somebody has been asking it all the time.
    if (!BeingAsked().Take(name, deadline)) {
      state_ = VolumeState::kHung;
      return;
    }
    const auto answer = std::make_shared<Answer>();
    const auto ask = [answer, name, mount_point = mount_point_] {
      const VolumeState state = Ask(mount_point);
      BeingAsked().Release(name);
      const std::lock_guard lock(answer->mutex);
      answer->state = state;
      answer->changed.notify_all();
    };
    if (!StartThread(ask)) {
      BeingAsked().Release(name);
      return;
    }
    std::unique_lock lock(answer->mutex);
    answer->changed.wait_until(lock, deadline, [&] { return answer->state.has_value(); });
    state_ = answer->state.value_or(VolumeState::kHung);
  }

  Napi::Value Result(Napi::Env env) override { return Napi::String::New(env, NameOf(state_)); }

 private:
  const std::wstring mount_point_;
  const std::chrono::milliseconds limit_;
  VolumeState state_ = VolumeState::kUnknown;
};

}  // namespace

Napi::Value ProbeVolumeFunction(const Napi::CallbackInfo& info) {
  if (!info[0].IsString() || !info[1].IsNumber()) {
    throw Napi::TypeError::New(info.Env(),
                               "Expected a string for 'mountPoint' and a number for 'timeout'");
  }
  return AddonEnvironment::Of(info.Env())
      .tasks()
      .Start(std::make_unique<ProbeTask>(
          FromJavaScript(info[0].As<Napi::String>()),
          std::chrono::milliseconds(info[1].As<Napi::Number>().Int64Value())));
}

}  // namespace dokan
