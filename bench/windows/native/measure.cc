// An addon that is its own dokan2.dll (test/windows/probe/fake_dokan.cc): threads of its own call
// the callbacks of what is mounted, or those of the mirror in C++, as fast as they are answered.
#include <node_api.h>
#include <windows.h>

#include <cstring>
#include <string>
#include <vector>

#include "fake_dokan.h"
#include "mirror.h"
#include "shares.h"

namespace {

namespace abi = dokan::abi;

constexpr ACCESS_MASK kReadWrite = FILE_GENERIC_READ | FILE_GENERIC_WRITE;
constexpr ULONG kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr ULONG kOpenExisting = 1;

struct Measurement {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  std::string row;
  abi::Operations operations = {};
  abi::Options* options = nullptr;
  uint32_t count = 0;
  uint32_t bytes = 0;
  uint32_t threads = 1;
  int64_t result = 0;
};

int WINAPI IgnoreEntry(WIN32_FIND_DATAW*, abi::FileInfo*) {
  return 0;
}

// One thread's open of a file or of the root, and what it asks of it.
class Asker {
 public:
  Asker(const Measurement* measurement, LPCWSTR name)
      : operations_(measurement->operations), measurement_(measurement), name_(name) {
    info_.dokan_options = measurement->options;
    buffer_.resize(measurement->bytes);
  }

  bool Open(ACCESS_MASK access) {
    info_.context = 0;
    const NTSTATUS status =
        operations_.create_file(name_, &security_, access, 0, kShareAll, kOpenExisting, 0, &info_);
    return status == 0;
  }

  void Close() {
    operations_.cleanup(name_, &info_);
    operations_.close_file(name_, &info_);
  }

  bool Read(LONGLONG offset) {
    DWORD done = 0;
    return operations_.read_file(name_, buffer_.data(), measurement_->bytes, &done, offset,
                                 &info_) == 0 &&
           done == measurement_->bytes;
  }

  bool Write(LONGLONG offset) {
    DWORD done = 0;
    return operations_.write_file(name_, buffer_.data(), measurement_->bytes, &done, offset,
                                  &info_) == 0;
  }

  bool Stat() {
    BY_HANDLE_FILE_INFORMATION information = {};
    return operations_.get_file_information(name_, &information, &info_) == 0;
  }

  bool List() { return operations_.find_files(name_, IgnoreEntry, &info_) == 0; }

 private:
  const abi::Operations& operations_;
  const Measurement* const measurement_;
  const LPCWSTR name_;
  abi::FileInfo info_ = {};
  abi::IoSecurityContext security_ = {};
  std::vector<char> buffer_;
};

// The file has this many bytes; offsets begin again at its end.
constexpr LONGLONG kFileBytes = 1 << 20;

bool RunShare(const Measurement* measurement) {
  const std::string& row = measurement->row;
  Asker asker(measurement, row == "list" ? L"\\" : L"\\file");
  const ACCESS_MASK access = row == "list" ? FILE_GENERIC_READ : kReadWrite;
  if (row == "open") {
    for (uint32_t i = 0; i < measurement->count; ++i) {
      if (!asker.Open(access) || !asker.Stat()) {
        return false;
      }
      asker.Close();
    }
    return true;
  }
  if (!asker.Open(access)) {
    return false;
  }
  bool good = true;
  for (uint32_t i = 0; i < measurement->count && good; ++i) {
    const LONGLONG offset = LONGLONG{i} * measurement->bytes % kFileBytes;
    if (row == "read") {
      good = asker.Read(offset);
    } else if (row == "write") {
      good = asker.Write(offset);
    } else if (row == "stat") {
      good = asker.Stat();
    } else {
      good = asker.List();
    }
  }
  asker.Close();
  return good;
}

void Execute(napi_env, void* data) {
  auto* const measurement = static_cast<Measurement*>(data);
  measurement->result = probe::MeasureShares(measurement->threads, measurement->count,
                                             [&] { return RunShare(measurement); });
}

void Complete(napi_env env, napi_status, void* data) {
  auto* const measurement = static_cast<Measurement*>(data);
  napi_value number = nullptr;
  napi_create_int64(env, measurement->result, &number);
  napi_resolve_deferred(env, measurement->deferred, number);
  napi_delete_async_work(env, measurement->work);
  delete measurement;
}

std::string Text(napi_env env, napi_value value) {
  char text[32] = {};
  napi_get_value_string_utf8(env, value, text, sizeof text, nullptr);
  return text;
}

std::wstring WideText(napi_env env, napi_value value) {
  char16_t text[MAX_PATH] = {};
  size_t length = 0;
  napi_get_value_string_utf16(env, value, text, MAX_PATH, &length);
  return {reinterpret_cast<const wchar_t*>(text), length};
}

// measure(row, count, bytes, threads, root): promise of nanoseconds each, -1 when something has
// failed. With a root it is the mirror in C++ that answers, otherwise what is mounted.
napi_value Measure(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5] = {};
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  auto* const measurement = new Measurement;
  measurement->row = Text(env, arguments[0]);
  napi_get_value_uint32(env, arguments[1], &measurement->count);
  napi_get_value_uint32(env, arguments[2], &measurement->bytes);
  napi_get_value_uint32(env, arguments[3], &measurement->threads);
  const std::wstring root = WideText(env, arguments[4]);
  if (root.empty()) {
    const probe::Mounted mounted = probe::WhatIsMounted();
    measurement->operations = *mounted.operations;
    measurement->options = mounted.options;
  } else {
    measurement->operations = bench::MirrorOf(root);
  }
  napi_value promise = nullptr;
  napi_value name = nullptr;
  napi_create_promise(env, &measurement->deferred, &promise);
  napi_create_string_utf8(env, "measure", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, nullptr, name, Execute, Complete, measurement, &measurement->work);
  napi_queue_async_work(env, measurement->work);
  return promise;
}

napi_value Initialize(napi_env env, napi_value exports) {
  napi_value function = nullptr;
  napi_create_function(env, "measure", NAPI_AUTO_LENGTH, Measure, nullptr, &function);
  napi_set_named_property(env, exports, "measure", function);
  return exports;
}

}  // namespace

NAPI_MODULE(windows_bench, Initialize)
