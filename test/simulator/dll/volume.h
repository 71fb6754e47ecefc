// One mounted file system: its threads, its opens, its requests.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_VOLUME_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_VOLUME_H_

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dokan_abi.h"
#include "open_file.h"
#include "request.h"
#include "sync.h"

namespace simulator {

// What the library tells the driver about a mount.
struct DriverView {
  std::wstring mount_point;
  std::wstring unc_name;
  std::uint32_t device_type = 0;
  std::uint32_t options = 0;
  std::uint32_t timeout = 0;
  std::uint32_t security_descriptor_length = 0;
};

class Volume : public std::enable_shared_from_this<Volume> {
 public:
  Volume(std::uint64_t id, Options* options, Operations* operations, DriverView view,
         std::wstring mount_point);
  ~Volume();
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  std::uint64_t id() const { return id_; }
  Options& options() const { return *options_; }
  const Operations& operations() const { return *operations_; }
  const DriverView& driver_view() const { return view_; }
  // What the file system was told; the driver may have chosen another letter.
  const std::wstring& mount_point() const { return mount_point_; }
  std::wstring device_name() const;
  std::uint32_t session_id() const;
  std::uint32_t timeout() const { return timeout_; }
  std::size_t thread_count() const { return threads_.size(); }
  bool mounted() const { return !stopped_; }
  HANDLE closed_event() const { return closed_; }
  HANDLE stop_event() const { return stopping_; }

  void Start();
  // The driver lets go of the volume: what runs is cancelled, the threads end, one of them says
  // Unmounted. Any thread, any number of times.
  void Stop();
  // Waits until all threads have ended; never on one of them.
  void Join();

  // False when the volume is no longer mounted.
  bool Enqueue(RequestPtr& request);
  // The time-out of one request, now. False when it does not run.
  bool Expire(std::uint64_t id);
  // Moves the deadline of a running request; false when it has ended.
  bool ResetTimeout(const Request* request, std::uint32_t milliseconds);
  // Whether this pointer is a request of this volume that has not been answered.
  bool Runs(const Request* request);
  // Before a request is answered or handed back.
  void Forget(Request& request);
  // Takes a request nobody will answer.
  void Abandon(RequestPtr request);

  std::shared_ptr<OpenFile> NewOpen();
  void AddOpen(const std::shared_ptr<OpenFile>& open);
  std::shared_ptr<OpenFile> FindOpen(std::uint64_t context);
  void RemoveOpen(std::uint64_t context);

  std::size_t CountOpens();
  std::size_t CountRequests();
  std::size_t CountThreads() const { return alive_; }

 private:
  void Work();
  void WatchTime();
  void ExpireOverdue();
  void Unlink(Request& request);

  const std::uint64_t id_;
  Options* const options_;
  Operations* const operations_;
  const DriverView view_;
  const std::wstring mount_point_;
  const std::uint32_t timeout_;
  const HANDLE closed_;
  const HANDLE stopping_;

  Mutex mutex_;
  Condition work_;
  std::deque<RequestPtr> queue_;
  Request* running_ = nullptr;
  std::unordered_map<std::uint64_t, std::shared_ptr<OpenFile>> opens_;
  std::vector<RequestPtr> abandoned_;

  std::atomic<bool> stopped_ = false;
  std::atomic<bool> unmounted_called_ = false;
  std::atomic<std::size_t> alive_ = 0;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::unique_ptr<Thread> watch_;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_VOLUME_H_
