#include "dispatch.h"

#include <array>

#include "callbacks.h"
#include "nt_status.h"
#include "volume.h"

namespace simulator {
namespace {

// What the driver passes along with every request, beside what belongs to the operation.
enum FileFlag : std::uint32_t {
  kDeleteOnClose = 16,
  kPagingIo = 32,
  kSynchronousIo = 64,
  kWriteToEndOfFile = 128,
  kNoCache = 256,
};

constexpr std::array<Operation, 22> kOperations = {{
    {"create", &RunCreate},
    {"cleanup", &RunCleanup},
    {"close", &RunClose},
    {"read", &RunRead},
    {"write", &RunWrite},
    {"flush", &RunFlush},
    {"lock", &RunLock},
    {"unlock", &RunUnlock},
    {"queryInformation", &RunQueryInformation},
    {"queryStreams", &RunQueryStreams},
    {"queryDirectory", &RunQueryDirectory},
    {"queryVolume", &RunQueryVolume},
    {"querySize", &RunQuerySize},
    {"setBasic", &RunSetBasic},
    {"setAllocation", &RunSetAllocation},
    {"setEndOfFile", &RunSetEndOfFile},
    {"setValidDataLength", &RunSetEndOfFile},
    {"setDisposition", &RunSetDisposition},
    {"rename", &RunRename},
    {"querySecurity", &RunQuerySecurity},
    {"setSecurity", &RunSetSecurity},
    {"driverLog", &RunDriverLog},
}};

bool Equal(std::wstring_view wide, std::string_view narrow) {
  if (wide.size() != narrow.size()) return false;
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (wide[i] != static_cast<wchar_t>(narrow[i])) return false;
  }
  return true;
}

bool IsCreate(const Request& request) {
  return request.operation->run == &RunCreate;
}
bool IsClose(const Request& request) {
  return request.operation->run == &RunClose;
}

// Fills the file info as the library does: from the open, the order and its flags.
NtStatus SetUp(Request& request) {
  const JsonObject& fields = request.fields;
  request.info.dokan_context = reinterpret_cast<std::uintptr_t>(&request);
  request.info.dokan_options = &request.volume->options();
  request.info.process_id = fields.Word("processId");
  request.name = fields.Text("name");
  FoldName(request.name);
  const std::uint64_t context = fields.Unsigned("context");
  if (context == 0 || IsCreate(request)) return status::kSuccess;
  request.open = request.volume->FindOpen(context);
  if (!request.open) return status::kInvalidHandle;
  {
    const Lock lock(request.open->mutex);
    ++request.open->references;
    request.info.context = request.open->user_context;
  }
  request.info.is_directory = request.open->is_directory ? 1 : 0;
  const std::uint32_t flags = fields.Word("fileFlags");
  request.info.paging_io = fields.Flag("pagingIo") || (flags & kPagingIo) != 0;
  request.info.synchronous_io = fields.Flag("synchronousIo") || (flags & kSynchronousIo) != 0;
  request.info.no_cache = fields.Flag("noCache") || (flags & kNoCache) != 0;
  request.info.write_to_end_of_file =
      fields.Flag("writeToEndOfFile") || (flags & kWriteToEndOfFile) != 0;
  return status::kSuccess;
}

// The end of a request: the context is stored back, and whoever ends last after the close runs
// CloseFile, with the file info of its own request.
// Returns the close that may now be answered, if that was this one.
RequestPtr ReleaseOpen(RequestPtr& request) {
  const std::shared_ptr<OpenFile> open = request->open;
  FileInfo info = request->info;
  std::wstring name;
  RequestPtr close;
  {
    const Lock lock(open->mutex);
    open->user_context = info.context;
    --open->references;
    if (IsClose(*request)) {
      open->close_name = request->name;
      open->close_context = info.context;
      open->pending_close = std::move(request);
      --open->references;
    }
    if (open->references > 0) return nullptr;
    close = std::move(open->pending_close);
    name = open->close_name;
    info.context = open->close_context;
  }
  close->volume->RemoveOpen(open->id);
  const Operations& operations = close->operations();
  if (operations.CloseFile != nullptr) {
    Call(Callback::kCloseFile, operations.CloseFile, name.c_str(), &info);
  }
  return close;
}

}  // namespace

const Operation* FindOperation(std::wstring_view name) {
  for (const Operation& operation : kOperations) {
    if (Equal(name, operation.name)) return &operation;
  }
  return nullptr;
}

void FoldName(std::wstring& name) {
  if (name.size() >= 2 && name[0] == L'\\' && name[1] == L'\\') name.erase(0, 1);
  if (name.size() > 2 && name.back() == L'\\') name.pop_back();
}

void CutLastComponent(std::wstring& name) {
  std::size_t cut = std::wstring::npos;
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] == L'\\' || name[i] == L'/') cut = i;
  }
  if (cut != std::wstring::npos) name.resize(cut);
}

void Dispatch(RequestPtr request) {
  request->reply.Begin();
  request->reply.Number("id", static_cast<std::int64_t>(request->id));
  NtStatus result = SetUp(*request);
  if (result == status::kSuccess) result = request->operation->run(*request);
  if (request->never_completed) {
    // The library drops it: the open keeps its reference, and nothing answers but the time-out.
    request->volume->Abandon(std::move(request));
    return;
  }
  RequestPtr close;
  if (request->open && !IsCreate(*request)) close = ReleaseOpen(request);
  if (request) {
    request->volume->Forget(*request);
    request->Answer(result);
  }
  if (close) {
    close->volume->Forget(*close);
    close->Answer(status::kSuccess);
  }
}

}  // namespace simulator
