#include "watched_reads.h"

#include <windows.h>
#include <winternl.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "windows/io_watch.h"

namespace probe {
namespace {

using dokan::IoWatch;

constexpr uint64_t kLimit = 1'000;
constexpr uint32_t kTick = 20;

std::atomic<uint64_t> now{0};

ULONGLONG WINAPI Clock() {
  return now.load();
}

// False: it has not come true for long.
bool Becomes(const std::function<bool()>& state) {
  constexpr ULONGLONG kPatience = 20'000;
  const ULONGLONG start = GetTickCount64();
  while (!state()) {
    if (GetTickCount64() - start > kPatience) {
      return false;
    }
    Sleep(1);
  }
  return true;
}

// A pipe, read at one end.
struct Pipe {
  HANDLE reading = INVALID_HANDLE_VALUE;
  HANDLE writing = INVALID_HANDLE_VALUE;

  explicit Pipe(DWORD flags) {
    const std::wstring name =
        L"\\\\.\\pipe\\watched-" + std::to_wstring(GetCurrentProcessId()) + std::to_wstring(flags);
    reading = CreateNamedPipeW(name.c_str(), PIPE_ACCESS_INBOUND | flags, PIPE_TYPE_BYTE, 1, 64, 64,
                               0, nullptr);
    writing = CreateFileW(name.c_str(), GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
  }
  ~Pipe() {
    CloseHandle(reading);
    CloseHandle(writing);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void Write() const {
    DWORD done = 0;
    WriteFile(writing, "x", 1, &done, nullptr);
  }
};

// What a Dokan thread does in BackingFile, on a thread of its own.
class Read {
 public:
  Read(IoWatch* watch, const Pipe* pipe, bool waits_itself)
      : thread_([this, watch, pipe, waits_itself] {
          dokan::abi::FileInfo info = {};
          IoWatch::Scope scope(watch, &info);
          OVERLAPPED overlapped = {};
          overlapped.hEvent = waits_itself ? nullptr : scope.Event();
          char byte = 0;
          DWORD done = 0;
          scope.Begin(waits_itself ? nullptr : pipe->reading,
                      reinterpret_cast<IO_STATUS_BLOCK*>(&overlapped));
          if (waits_itself) {
            succeeded_ = ReadFile(pipe->reading, &byte, 1, &done, nullptr) != 0;
          } else {
            ReadFile(pipe->reading, &byte, 1, nullptr, &overlapped);
            succeeded_ = GetOverlappedResult(pipe->reading, &overlapped, &done, TRUE) != 0;
          }
          scope.End();
          timed_out_ = scope.timed_out();
          ended_ = true;
        }) {}
  ~Read() { thread_.join(); }

  bool ended() const { return ended_; }
  bool GoesThrough() const {
    return Becomes([this] { return ended(); }) && succeeded_ && !timed_out_;
  }
  bool IsGivenUp() const {
    return Becomes([this] { return ended(); }) && !succeeded_ && timed_out_;
  }

 private:
  std::atomic<bool> succeeded_{false};
  std::atomic<bool> timed_out_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;  // Last: it uses the others.
};

class Results {
 public:
  explicit Results(napi_env env) : env_(env) { napi_create_object(env, &object_); }
  void Set(const std::string& name, bool value) {
    napi_value boolean = nullptr;
    napi_get_boolean(env_, value, &boolean);
    napi_set_named_property(env_, object_, name.c_str(), boolean);
  }
  napi_value object() const { return object_; }

 private:
  const napi_env env_;
  napi_value object_ = nullptr;
};

void Check(Results* results, bool waits_itself) {
  const std::string kind = waits_itself ? "synchronous " : "overlapped ";
  const Pipe pipe(waits_itself ? 0 : FILE_FLAG_OVERLAPPED);
  std::atomic<int> looks{0};
  IoWatch watch(Clock);
  watch.Start(nullptr, /*driver_timeout=*/15'000, kLimit, kTick, [&] { looks += 1; });
  const auto is_looked_at = [&] {
    const int before = looks;
    return Becomes([&] { return looks >= before + 3; });
  };
  now = 5'000;
  {
    const Read read(&watch, &pipe, waits_itself);
    results->Set(kind + "counted", Becomes([&] { return watch.count() == 1; }));
    // One tick before its time.
    now = 5'000 + kLimit - 1;
    results->Set(kind + "looked at", is_looked_at());
    results->Set(kind + "left alone", !read.ended());
    now = 5'000 + kLimit;
    const bool given_up = read.IsGivenUp();
    results->Set(kind + "given up", given_up);
    if (!given_up) {
      pipe.Write();
    }
  }
  results->Set(kind + "counted no more", watch.count() == 0);
  // The next one has a time of its own.
  {
    const Read read(&watch, &pipe, waits_itself);
    Becomes([&] { return watch.count() == 1; });
    now = 5'000 + 2 * kLimit - 1;
    results->Set(kind + "next looked at", is_looked_at());
    results->Set(kind + "next left alone", !read.ended());
    pipe.Write();
    results->Set(kind + "next goes through", read.GoesThrough());
  }
  {
    const Read read(&watch, &pipe, waits_itself);
    Becomes([&] { return watch.count() == 1; });
    // Again and again: it may be counted and not begun.
    const bool ends = Becomes([&] {
      watch.CancelAll();
      return read.ended();
    });
    results->Set(kind + "all given up", ends && read.IsGivenUp());
    if (!ends) {
      pipe.Write();
    }
  }
}

}  // namespace

napi_value WatchedReads(napi_env env, napi_callback_info) {
  Results results(env);
  Check(&results, /*waits_itself=*/false);
  Check(&results, /*waits_itself=*/true);
  return results.object();
}

}  // namespace probe
