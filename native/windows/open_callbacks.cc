#include "open_callbacks.h"

#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "request_calls.h"
#include "self_relative.h"

namespace dokan {
namespace {

// Create dispositions and options of NT.
constexpr ULONG kSupersede = 0;
constexpr ULONG kOverwrite = 4;
constexpr ULONG kOverwriteIf = 5;
constexpr ULONG kNoIntermediateBuffering = 0x8;

bool Truncates(ULONG disposition) {
  return disposition == kSupersede || disposition == kOverwrite || disposition == kOverwriteIf;
}

// Remembers of an open what serves it without JavaScript. Without the memory for it, JavaScript
// serves it.
void Learn(Request* request, const abi::FileInfo* info, ULONG options) {
  VolumeInstance& volume = request->volume();
  std::shared_ptr<const BackingFile> backing = request->TakeBacking();
  const bool reads_ahead = backing == nullptr && volume.read_aheads().window() > 0 &&
                           info->is_directory == FALSE && (options & kNoIntermediateBuffering) == 0;
  if (backing == nullptr && !reads_ahead) {
    return;
  }
  try {
    auto open = std::make_shared<KnownOpen>();
    open->backing = std::move(backing);
    if (reads_ahead) {
      open->ahead = std::make_unique<ReadAhead>(&volume.read_aheads());
    }
    volume.opens().Add(info->context, std::move(open));
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace

NTSTATUS WINAPI CreateFileCallback(LPCWSTR name, abi::IoSecurityContext* security,
                                   ACCESS_MASK access, ULONG attributes, ULONG share,
                                   ULONG disposition, ULONG options, abi::FileInfo* info) {
  return Guard([&]() -> NTSTATUS {
    const PSECURITY_DESCRIPTOR given =
        security == nullptr ? nullptr : security->access_state.security_descriptor;
    SelfRelativeDescriptor descriptor;
    if (given != nullptr && !descriptor.Take(given)) {
      return status::kInvalidSecurityDescriptor;
    }
    std::optional<Change> change;
    if (Truncates(disposition)) {
      change.emplace(info);
    }
    Request request(Operation::kCreateFile, info);
    if (request.ready()) {
      request.Name(name);
      request.Argument(0, access);
      request.Argument(1, attributes);
      request.Argument(2, share);
      request.Argument(3, disposition);
      request.Argument(4, options);
      if (given != nullptr) {
        request.Argument(5, descriptor.bytes());
        request.Flag(request_flag::kHasDescriptor);
        request.Source(descriptor.data(), descriptor.bytes());
      }
    }
    const NTSTATUS result = request.Send();
    // Here and nowhere else: Dokan keeps it from here on. With a failure too, because of the second
    // createFile that Dokan makes of a denied one.
    info->context = 0;
    if (request.answered()) {
      const Answer& answer = request.answer();
      info->context = static_cast<ULONG64>(answer.context);
      info->is_directory = (answer.flags & answer_flag::kIsDirectory) != 0 ? TRUE : FALSE;
      if (info->context != 0 &&
          (status::IsSuccess(result) || result == status::kObjectNameCollision)) {
        Learn(&request, info, options);
      }
    }
    return result;
  });
}

void WINAPI CleanupCallback(LPCWSTR name, abi::FileInfo* info) {
  std::optional<Change> change;
  if (info->delete_pending != 0) {
    change.emplace(info);
  }
  VolumeInstance::Of(info)->opens().Remove(info->context);
  Ask(Operation::kCleanup, name, info);
}

void WINAPI CloseFileCallback(LPCWSTR name, abi::FileInfo* info) {
  Ask(Operation::kCloseFile, name, info);
}

}  // namespace dokan
