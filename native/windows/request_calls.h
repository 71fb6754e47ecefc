#pragma once

#include <windows.h>

#include "dokan_abi.h"
#include "dokan_status.h"
#include "request.h"
#include "volume_instance.h"

// How callbacks ask JavaScript. All of it runs on Dokan's threads, and sleeps while JavaScript
// works.
namespace dokan {

// Dokan is C: no exception (of lacking memory) leaves a callback.
template <typename Body>
NTSTATUS Guard(Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return status::kInsufficientResources;
  }
}

// A request that is a name, and what `fill` adds.
template <typename Fill>
NTSTATUS Ask(Operation operation, LPCWSTR name, abi::FileInfo* info, Fill fill) noexcept {
  return Guard([&] {
    Request request(operation, info);
    if (request.ready()) {
      request.Name(name);
      fill(request);
    }
    return request.Send();
  });
}

inline NTSTATUS Ask(Operation operation, LPCWSTR name, abi::FileInfo* info) noexcept {
  return Ask(operation, name, info, [](Request&) {});
}

// A request with an answer beyond its status: `read` gets it when the status is a success.
template <typename Fill, typename Read>
NTSTATUS Query(Operation operation, LPCWSTR name, abi::FileInfo* info, Fill fill,
               Read read) noexcept {
  return Guard([&]() -> NTSTATUS {
    Request request(operation, info);
    if (request.ready()) {
      request.Name(name);
      fill(request);
    }
    const NTSTATUS result = request.Send();
    return request.answered() && status::IsSuccess(result) ? read(request, result) : result;
  });
}

// Around what may change what files hold: before it begins, and once more when it has ended.
class Change {
 public:
  explicit Change(const abi::FileInfo* info)
      : count_(&VolumeInstance::Of(info)->read_aheads().changes()) {
    count_->Bump();
  }
  ~Change() { count_->Bump(); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  ChangeCount* const count_;
};

}  // namespace dokan
