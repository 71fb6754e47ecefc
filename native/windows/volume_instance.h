#pragma once

#include <windows.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "close_watch.h"
#include "dokan_abi.h"
#include "dokan_failure.h"
#include "dokan_library.h"
#include "io_watch.h"
#include "notifications.h"
#include "open_table.h"
#include "read_ahead.h"
#include "request_queue.h"

namespace dokan {

// What JavaScript says of a volume that is to be mounted.
struct MountOptions {
  std::optional<std::wstring> library_path;
  std::wstring mount_point;
  std::optional<std::wstring> unc_name;
  uint16_t version = 0;
  bool single_thread = false;
  uint32_t options = 0;
  uint32_t timeout = 0;
  uint32_t allocation_unit_size = 0;
  uint32_t sector_size = 0;
  uint32_t read_ahead = 0;  // Bytes.
  std::vector<uint8_t> security_descriptor;
};

// One volume of Dokan, as far as it has nothing to do with JavaScript: everything that Dokan keeps
// pointers to lives here, and this keeps itself alive until Dokan has released it.
class VolumeInstance : public std::enable_shared_from_this<VolumeInstance> {
 public:
  // The volume that a callback is for.
  static VolumeInstance* Of(const abi::FileInfo* info) {
    return reinterpret_cast<VolumeInstance*>(
        static_cast<uintptr_t>(info->dokan_options->global_context));
  }

  // `memory`: see RequestQueue.
  explicit VolumeInstance(uint8_t* memory);
  ~VolumeInstance() = default;
  VolumeInstance(const VolumeInstance&) = delete;
  VolumeInstance& operator=(const VolumeInstance&) = delete;

  RequestQueue& queue() { return queue_; }
  OpenTable& opens() { return opens_; }
  ReadAheadPool& read_aheads() { return read_aheads_; }
  IoWatch& io_watch() { return io_watch_; }
  const DokanLibrary& library() const { return *library_; }

  // Threads of their own: both may take long, and wait for each other.
  // What Dokan says the mount point is.
  std::variant<std::wstring, DokanFailure> Mount(const MountOptions& options);
  // Unmounts and waits until Dokan has released everything. Never inside a callback.
  void Close();

  // The Mounted callback, on the thread that mounts.
  void SetMountPoint(LPCWSTR mount_point) { mount_point_ = mount_point; }

  bool Notify(Notifications::Notification notification) {
    read_aheads_.changes().Bump();
    return notifications_.Push(std::move(notification));
  }

  // JS thread. True once, after Dokan has closed the file system.
  bool TakeClosed() { return closed_.load() && !closed_reported_.exchange(true); }
  // JS thread. True once for every time that transfers were found to take long.
  bool TakeSlowTransfers() { return slow_transfers_.load() && slow_transfers_.exchange(false); }

 private:
  void FillOptions(const MountOptions& options);
  void ReportClosed();
  void WakeJavaScript();

  RequestQueue queue_;
  // Before the opens, which give back to it.
  ReadAheadPool read_aheads_;
  OpenTable opens_;
  IoWatch io_watch_;
  std::shared_ptr<DokanLibrary> library_;
  abi::Options dokan_options_ = {};
  abi::Operations operations_;
  std::wstring given_mount_point_;
  std::wstring given_unc_name_;
  std::wstring mount_point_;
  CloseWatch watch_;
  Notifications notifications_;

  std::mutex life_;  // Held while mounting, and while closing.
  abi::Handle handle_ = nullptr;
  bool ended_ = false;
  bool logs_ = false;
  std::shared_ptr<VolumeInstance> keep_;

  std::atomic<bool> closed_{false};
  std::atomic<bool> closed_reported_{false};
  std::atomic<bool> slow_transfers_{false};
};

}  // namespace dokan
