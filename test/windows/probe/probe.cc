// An addon for tests: handles of the process, and what a round trip from a thread to JavaScript and
// back costs, through the addon under test and through a bare napi_threadsafe_function. It is its
// own dokan2.dll, so that nothing of the simulator is measured.
#include <node_api.h>
#include <windows.h>

#include <atomic>
#include <thread>

#include "fake_dokan.h"
#include "shares.h"
#include "watched_reads.h"

namespace {

// What a thread waits on, spinning first as long as it is told to.
class Signal {
 public:
  void Reset() { state_.store(0); }
  void Set() {
    state_.store(1);
    WakeByAddressSingle(&state_);
  }
  void Wait(int64_t spin_ticks) {
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    const int64_t end = now.QuadPart + spin_ticks;
    while (state_.load() == 0 && now.QuadPart < end) {
      for (int i = 0; i < 32 && state_.load() == 0; ++i) {
        YieldProcessor();
      }
      QueryPerformanceCounter(&now);
    }
    uint32_t zero = 0;
    while (state_.load() == 0) {
      WaitOnAddress(&state_, &zero, sizeof zero, INFINITE);
    }
  }

 private:
  std::atomic<uint32_t> state_{0};
};

struct Measurement {
  napi_threadsafe_function function = nullptr;
  napi_deferred deferred = nullptr;
  uint32_t count = 0;
  uint32_t threads = 1;
  int64_t spin_ticks = 0;
  bool through_dokan = false;
  int64_t result = 0;
};

// What a thread sends to the JS thread. Without a signal: the end of the measurement.
struct Call {
  Measurement* measurement = nullptr;
  Signal* signal = nullptr;
};

// The JS thread.
void OnCall(napi_env env, napi_value callback, void*, void* data) {
  auto* const call = static_cast<Call*>(data);
  napi_value undefined = nullptr;
  napi_get_undefined(env, &undefined);
  if (call->signal != nullptr) {
    napi_call_function(env, undefined, callback, 0, nullptr, nullptr);
    call->signal->Set();
    return;
  }
  Measurement* const measurement = call->measurement;
  napi_value number = nullptr;
  napi_create_int64(env, measurement->result, &number);
  napi_resolve_deferred(env, measurement->deferred, number);
  napi_release_threadsafe_function(measurement->function, napi_tsfn_release);
  delete measurement;
  delete call;
}

// One thread's share. False: a request has failed.
bool RunShare(Measurement* measurement) {
  if (measurement->through_dokan) {
    return probe::CallMounted(measurement->count);
  }
  Signal signal;
  Call call{measurement, &signal};
  for (uint32_t i = 0; i < measurement->count; ++i) {
    signal.Reset();
    napi_call_threadsafe_function(measurement->function, &call, napi_tsfn_blocking);
    signal.Wait(measurement->spin_ticks);
  }
  return true;
}

void Run(Measurement* measurement) {
  measurement->result = probe::MeasureShares(measurement->threads, measurement->count,
                                             [&] { return RunShare(measurement); });
  napi_call_threadsafe_function(measurement->function, new Call{measurement}, napi_tsfn_blocking);
}

// measure(callback, count, spinMicroseconds, throughDokan, threads): promise of nanoseconds each,
// that is, of the time all have taken through the number of all.
napi_value Measure(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5] = {};
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  auto* const measurement = new Measurement;
  uint32_t spin = 0;
  napi_get_value_uint32(env, arguments[1], &measurement->count);
  napi_get_value_uint32(env, arguments[2], &spin);
  napi_get_value_bool(env, arguments[3], &measurement->through_dokan);
  napi_get_value_uint32(env, arguments[4], &measurement->threads);
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  measurement->spin_ticks = frequency.QuadPart * spin / 1'000'000;
  napi_value promise = nullptr;
  napi_value name = nullptr;
  napi_create_promise(env, &measurement->deferred, &promise);
  napi_create_string_utf8(env, "probe", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, arguments[0], nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                  OnCall, &measurement->function);
  std::thread(Run, measurement).detach();
  return promise;
}

napi_value HandleCount(napi_env env, napi_callback_info) {
  DWORD count = 0;
  GetProcessHandleCount(GetCurrentProcess(), &count);
  napi_value result = nullptr;
  napi_create_uint32(env, count, &result);
  return result;
}

napi_value Initialize(napi_env env, napi_value exports) {
  napi_value function = nullptr;
  napi_create_function(env, "measure", NAPI_AUTO_LENGTH, Measure, nullptr, &function);
  napi_set_named_property(env, exports, "measure", function);
  napi_create_function(env, "handleCount", NAPI_AUTO_LENGTH, HandleCount, nullptr, &function);
  napi_set_named_property(env, exports, "handleCount", function);
  napi_create_function(env, "watchedReads", NAPI_AUTO_LENGTH, probe::WatchedReads, nullptr,
                       &function);
  napi_set_named_property(env, exports, "watchedReads", function);
  return exports;
}

}  // namespace

NAPI_MODULE(probe, Initialize)
