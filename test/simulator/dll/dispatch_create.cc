// ZwCreateFile, which one open may see more than once.

#include <utility>

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"
#include "volume.h"

namespace simulator {
namespace {

enum Disposition : std::uint32_t {
  kSupersede = 0,
  kOpen = 1,
  kCreate = 2,
  kOpenIf = 3,
  kOverwrite = 4,
  kOverwriteIf = 5,
};

enum CreateOption : std::uint32_t {
  kDirectoryFile = 0x1,
  kNonDirectoryFile = 0x40,
  kOpenForBackupIntent = 0x4000,
  kValidCreateOptions = 0x00ffffff,
};

enum Information : std::int64_t {
  kSuperseded = 0,
  kOpened = 1,
  kCreated = 2,
  kOverwritten = 3,
  kExists = 4,
  kDoesNotExist = 5,
};

constexpr std::uint32_t kFileListDirectory = 0x1;
constexpr std::uint32_t kFileDeleteChild = 0x40;
constexpr std::uint32_t kFileReadAttributes = 0x80;
constexpr std::uint32_t kDelete = 0x10000;
constexpr std::uint32_t kMaximumAllowed = 0x02000000;

struct CreateArguments {
  std::uint32_t desired_access;
  std::uint32_t file_attributes;
  std::uint32_t share_access;
  std::uint32_t disposition;
  std::uint32_t options;
};

bool Succeeded(NtStatus result, std::uint32_t disposition) {
  if (status::IsSuccess(result)) return true;
  return result == status::kObjectNameCollision &&
         (disposition == kOpenIf || disposition == kSupersede || disposition == kOverwriteIf);
}

IoSecurityContext SecurityContext(Request& request, std::wstring& object_name) {
  IoSecurityContext context = {};
  const std::uint32_t access = request.fields.Word("desiredAccess");
  context.access_state.remaining_desired_access = access;
  context.access_state.original_desired_access = access;
  context.access_state.security_descriptor =
      request.payload.empty() ? nullptr : request.payload.data();
  const auto bytes = static_cast<USHORT>(object_name.size() * sizeof(wchar_t));
  context.access_state.object_name = {bytes, static_cast<USHORT>(bytes + sizeof(wchar_t)),
                                      object_name.data()};
  static wchar_t empty[1] = {};
  context.access_state.object_type = {0, sizeof empty, empty};
  context.desired_access = access;
  return context;
}

NtStatus CallCreate(Request& request, const std::wstring& name, const CreateArguments& arguments) {
  // The library looks at the options anew before every call.
  if ((arguments.options & kDirectoryFile) != 0 && (arguments.options & kNonDirectoryFile) != 0) {
    return status::kInvalidParameter;
  }
  std::wstring object_name = request.name;
  IoSecurityContext context = SecurityContext(request, object_name);
  return Call(Callback::kZwCreateFile, request.operations().ZwCreateFile, name.c_str(), &context,
              arguments.desired_access, arguments.file_attributes, arguments.share_access,
              arguments.disposition, arguments.options, &request.info);
}

// A rename looks first whether its target is there; whatever comes of it, the parent is opened.
void ProbeTarget(Request& request, const CreateArguments& arguments) {
  const Operations& operations = request.operations();
  if (operations.Cleanup == nullptr || operations.CloseFile == nullptr) return;
  const NtStatus result = CallCreate(request, request.name, arguments);
  if (Succeeded(result, arguments.disposition)) {
    Call(Callback::kCleanup, operations.Cleanup, request.name.c_str(), &request.info);
    Call(Callback::kCloseFile, operations.CloseFile, request.name.c_str(), &request.info);
  }
  request.info.is_directory = 1;
}

std::int64_t InformationOf(NtStatus result, std::uint32_t disposition) {
  const bool collided = result == status::kObjectNameCollision;
  switch (disposition) {
    case kCreate:
      return kCreated;
    case kOpenIf:
      return collided ? kOpened : kCreated;
    case kOverwriteIf:
      return collided ? kOverwritten : kCreated;
    case kSupersede:
      return collided ? kSuperseded : kCreated;
    case kOverwrite:
      return kOverwritten;
    default:
      return kOpened;
  }
}

NtStatus Finish(Request& request, NtStatus result, std::int64_t information, bool is_directory) {
  const bool opened = status::IsSuccess(result);
  // Nobody waits for an open that timed out: the driver has forgotten it, and no Cleanup and no
  // CloseFile will ever come for it.
  if (opened && !request.answered) request.volume->AddOpen(request.open);
  request.reply.Decimal("context", opened ? request.open->id : 0);
  request.reply.Number("information", information);
  request.reply.Flag("isDirectory", is_directory);
  return result;
}

// The denied delete is asked again on the parent: who may delete children may delete this one.
NtStatus AskParent(Request& request, std::wstring name, CreateArguments arguments) {
  CutLastComponent(name);
  const std::uint32_t wanted = arguments.desired_access;
  arguments.desired_access =
      (wanted & kMaximumAllowed) != 0
          ? kFileDeleteChild | kFileListDirectory
          : kFileDeleteChild | ((wanted & kFileReadAttributes) != 0 ? kFileListDirectory : 0);
  arguments.options |= kOpenForBackupIntent;
  arguments.options &= ~static_cast<std::uint32_t>(kNonDirectoryFile);
  std::wstring object_name = request.name;
  IoSecurityContext context = SecurityContext(request, object_name);
  return Call(Callback::kZwCreateFile, request.operations().ZwCreateFile, name.c_str(), &context,
              arguments.desired_access, arguments.file_attributes, arguments.share_access,
              arguments.disposition, arguments.options, &request.info);
}

}  // namespace

NtStatus RunCreate(Request& request) {
  const JsonObject& fields = request.fields;
  CreateArguments arguments = {fields.Word("desiredAccess"), fields.Word("fileAttributes"),
                               fields.Word("shareAccess"), fields.Word("createDisposition"),
                               fields.Word("createOptions") & kValidCreateOptions};
  request.open = request.volume->NewOpen();
  std::wstring name = request.name;
  if ((arguments.options & kDirectoryFile) != 0) request.info.is_directory = 1;
  if (request.operations().ZwCreateFile == nullptr) {
    return Finish(request, status::kNotImplemented, kDoesNotExist, false);
  }
  if (fields.Flag("openTargetDirectory")) {
    ProbeTarget(request, arguments);
    CutLastComponent(name);
    if (name.empty()) name = L"\\";
    arguments.options |= kDirectoryFile;
    arguments.options &= ~static_cast<std::uint32_t>(kNonDirectoryFile);
  }
  NtStatus result = CallCreate(request, name, arguments);
  // Here and not later: what the parent's callback puts into the file info is lost.
  request.open->is_directory = request.info.is_directory != 0;
  request.open->user_context = request.info.context;
  if (Succeeded(result, arguments.disposition)) {
    return Finish(request, status::kSuccess, InformationOf(result, arguments.disposition),
                  request.info.is_directory != 0);
  }
  if (result == status::kAccessDenied && (arguments.desired_access & kDelete) != 0 &&
      AskParent(request, name, arguments) == status::kSuccess) {
    return Finish(request, status::kSuccess, kOpened, false);
  }
  return Finish(request, result, result == status::kObjectNameCollision ? kExists : kDoesNotExist,
                false);
}

}  // namespace simulator
