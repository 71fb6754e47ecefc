#include "driver_log.h"

#include <algorithm>
#include <utility>

#include "wide_text.h"

namespace dokan {
namespace {

constexpr DWORD kPrintAnsi = 0x40010006;
constexpr DWORD kPrintWide = 0x4001000A;
constexpr std::wstring_view kPrefix = L"DriverLog: ";

}  // namespace

void DriverLogSink::Push(std::wstring line) {
  const std::lock_guard lock(mutex_);
  if (waker_ == nullptr || lines_.size() >= kMaximum) {
    return;
  }
  lines_.push_back(std::move(line));
  waker_->Wake();
}

std::deque<std::wstring> DriverLogSink::TakeAll() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lines_, {});
}

void DriverLogSink::SetWaker(LoopWaker* waker) {
  const std::lock_guard lock(mutex_);
  waker_ = waker;
}

DriverLog& DriverLog::Get() {
  static auto* const log = new DriverLog;
  return *log;
}

void DriverLog::BeginVolume() {
  const std::lock_guard lock(mutex_);
  volumes_.fetch_add(1);
  Install();
}

void DriverLog::EndVolume() {
  const std::lock_guard lock(mutex_);
  volumes_.fetch_sub(1);
  Install();
}

void DriverLog::AddSink(const std::shared_ptr<DriverLogSink>& sink) {
  const std::lock_guard lock(mutex_);
  sinks_.push_back(sink);
  Install();
}

void DriverLog::RemoveSink(const std::shared_ptr<DriverLogSink>& sink) {
  const std::lock_guard lock(mutex_);
  std::erase(sinks_, sink);
  Install();
}

// The handler is there only while it is needed: it sees every exception of the process.
void DriverLog::Install() {
  const bool needed = volumes_.load() > 0 && !sinks_.empty();
  if (needed && handler_ == nullptr) {
    handler_ = AddVectoredExceptionHandler(TRUE, OnException);
  } else if (!needed && handler_ != nullptr) {
    RemoveVectoredExceptionHandler(std::exchange(handler_, nullptr));
  }
}

// Any thread that prints. Always goes on searching: OutputDebugString has a handler of its own, and
// tools that listen for its text get it as without us.
LONG CALLBACK DriverLog::OnException(EXCEPTION_POINTERS* pointers) {
  const EXCEPTION_RECORD& record = *pointers->ExceptionRecord;
  try {
    // Both lengths count the NUL at the end.
    if (record.ExceptionCode == kPrintWide && record.NumberParameters >= 2) {
      Get().OnWide({reinterpret_cast<const wchar_t*>(record.ExceptionInformation[1]),
                    static_cast<size_t>(record.ExceptionInformation[0])});
    } else if (record.ExceptionCode == kPrintAnsi && record.NumberParameters >= 2) {
      Get().OnAnsi({reinterpret_cast<const char*>(record.ExceptionInformation[1]),
                    static_cast<size_t>(record.ExceptionInformation[0])});
    }
  } catch (...) {
    // No memory: the line is lost.
  }
  return EXCEPTION_CONTINUE_SEARCH;
}

void DriverLog::OnWide(std::wstring_view text) {
  if (!text.starts_with(kPrefix)) {
    return;
  }
  for (auto& thread : wide_threads_) {
    DWORD none = 0;
    if (thread.compare_exchange_strong(none, GetCurrentThreadId())) {
      break;
    }
  }
  Deliver(text);
}

void DriverLog::OnAnsi(std::string_view text) {
  for (auto& thread : wide_threads_) {
    DWORD own = GetCurrentThreadId();
    if (thread.compare_exchange_strong(own, 0)) {
      return;
    }
  }
  const std::wstring wide = FromBytes(text);
  if (wide.starts_with(kPrefix)) {
    Deliver(wide);
  }
}

void DriverLog::Deliver(std::wstring_view text) {
  while (!text.empty() && (text.back() == L'\0' || text.back() == L'\n' || text.back() == L'\r')) {
    text.remove_suffix(1);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& sink : sinks_) {
    sink->Push(std::wstring(text));
  }
}

}  // namespace dokan
