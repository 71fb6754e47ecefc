#include "volume_instance.h"

#include <algorithm>
#include <utility>

#include "callbacks.h"
#include "driver_log.h"

namespace dokan {
namespace {

// JavaScript asks whether the volume is still there while transfers hang: it should not have to
// wait long to learn of them, however patient the driver is. In milliseconds.
constexpr uint32_t kLongestLook = 1'000;

}  // namespace

VolumeInstance::VolumeInstance(uint8_t* memory) : queue_(memory), operations_(AllCallbacks()) {}

void VolumeInstance::FillOptions(const MountOptions& options) {
  given_mount_point_ = options.mount_point;
  given_unc_name_ = options.unc_name.value_or(L"");
  dokan_options_.version = options.version;
  dokan_options_.single_thread = options.single_thread ? TRUE : FALSE;
  dokan_options_.options = options.options;
  dokan_options_.global_context = reinterpret_cast<uintptr_t>(this);
  dokan_options_.mount_point = given_mount_point_.c_str();
  dokan_options_.unc_name = options.unc_name ? given_unc_name_.c_str() : nullptr;
  dokan_options_.timeout = options.timeout;
  dokan_options_.allocation_unit_size = options.allocation_unit_size;
  dokan_options_.sector_size = options.sector_size;
  dokan_options_.volume_security_descriptor_length =
      static_cast<ULONG>(options.security_descriptor.size());
  std::copy(options.security_descriptor.begin(), options.security_descriptor.end(),
            dokan_options_.volume_security_descriptor);
}

std::variant<std::wstring, DokanFailure> VolumeInstance::Mount(const MountOptions& options) {
  const std::lock_guard lock(life_);
  if (ended_) {
    return DokanFailure::Closed();
  }
  auto loaded = DokanLibrary::Load(options.library_path);
  if (auto* const failure = std::get_if<DokanFailure>(&loaded)) {
    return std::move(*failure);
  }
  library_ = std::get<std::shared_ptr<DokanLibrary>>(loaded);
  queue_.SetLibrary(library_.get());
  FillOptions(options);
  read_aheads_.SetWindow(options.read_ahead);
  const RequestQueue::Settings& settings = queue_.settings();
  io_watch_.Start(library_, settings.driver_timeout, settings.operation_timeout,
                  std::min(queue_.TickMilliseconds(), kLongestLook), [this] {
                    slow_transfers_.store(true);
                    WakeJavaScript();
                  });
  library_->BeginVolume();
  logs_ = (options.options & abi::kOptionDriverLogs) != 0;
  if (logs_) {
    DriverLog::Get().BeginVolume();
  }
  const int result = library_->create_file_system(&dokan_options_, &operations_, &handle_);
  if (result != 0) {
    const DWORD error = GetLastError();
    handle_ = nullptr;
    if (logs_) {
      DriverLog::Get().EndVolume();
    }
    library_->EndVolume();
    io_watch_.Stop();
    return DokanFailure::Mount(result, error);
  }
  // What the driver logs, the library prints in debug mode only, and every mount sets that anew.
  if (library_->debug_mode != nullptr && DriverLog::Get().HasVolumes()) {
    library_->debug_mode(TRUE);
  }
  keep_ = shared_from_this();
  watch_.Start(library_, handle_, [this] { ReportClosed(); });
  notifications_.Start(library_, handle_);
  return mount_point_;
}

void VolumeInstance::Close() {
  std::shared_ptr<VolumeInstance> keep;
  const std::lock_guard lock(life_);
  ended_ = true;
  if (handle_ == nullptr) {
    return;
  }
  notifications_.Stop();
  watch_.Stop();
  library_->close_handle(std::exchange(handle_, nullptr));
  opens_.Clear();
  io_watch_.Stop();
  if (logs_) {
    DriverLog::Get().EndVolume();
  }
  library_->EndVolume();
  ReportClosed();
  keep = std::move(keep_);  // Outlives the lock.
}

// The thread that closes, or one of the system's.
void VolumeInstance::ReportClosed() {
  closed_.store(true);
  WakeJavaScript();
}

void VolumeInstance::WakeJavaScript() {
  if (queue_.Enter()) {
    queue_.Wake();
    queue_.Leave();
  }
}

}  // namespace dokan
