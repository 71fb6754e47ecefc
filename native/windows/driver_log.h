#pragma once

#include <windows.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "loop_waker.h"

namespace dokan {

// Where the lines go: one per environment that wants them.
struct DriverLogSink {
  static constexpr size_t kMaximum = 4096;  // Lines; the newest are dropped.

  void Push(std::wstring line);
  std::deque<std::wstring> TakeAll();
  // JS thread. Afterwards the waker is not used any more.
  void SetWaker(LoopWaker* waker);

 private:
  std::mutex mutex_;
  std::deque<std::wstring> lines_;
  LoopWaker* waker_ = nullptr;
};

// What Dokan's driver logs. The library prints it for a debugger, with OutputDebugString, which
// raises an exception that ends nowhere without one. A handler in front of all others looks at that
// and lets it pass. With a debugger attached, the debugger gets the lines, and we none.
// Process-wide; never destroyed.
class DriverLog {
 public:
  static DriverLog& Get();

  // Around the life of every volume with the option.
  void BeginVolume();
  void EndVolume();
  bool HasVolumes() const { return volumes_.load() > 0; }

  void AddSink(const std::shared_ptr<DriverLogSink>& sink);
  void RemoveSink(const std::shared_ptr<DriverLogSink>& sink);

 private:
  DriverLog() = default;

  static LONG CALLBACK OnException(EXCEPTION_POINTERS* pointers);
  void Install();
  void OnWide(std::wstring_view text);
  void OnAnsi(std::string_view text);
  void Deliver(std::wstring_view text);

  std::mutex mutex_;
  std::atomic<int> volumes_{0};
  std::vector<std::shared_ptr<DriverLogSink>> sinks_;
  PVOID handler_ = nullptr;
  // Threads whose wide text has been seen: the same comes once more, in the system's code page.
  std::array<std::atomic<DWORD>, 32> wide_threads_ = {};
};

}  // namespace dokan
