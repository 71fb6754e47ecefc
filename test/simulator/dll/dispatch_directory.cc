// Listings: taken once per open, answered from memory afterwards.

#include <cwchar>

#include "callbacks.h"
#include "dispatch.h"
#include "nt_status.h"
#include "wildcards.h"

namespace simulator {
namespace {

int __stdcall FillEntry(WIN32_FIND_DATAW* found, FileInfo* info) {
  static_cast<Listing*>(info->processing_context)->push_back(*found);
  return 0;
}

std::wstring_view NameOf(const WIN32_FIND_DATAW& entry) {
  return {entry.cFileName, wcsnlen(entry.cFileName, std::size(entry.cFileName))};
}

std::uint64_t Join(const FILETIME& time) {
  return std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
}

bool IsAll(const std::wstring* pattern) {
  return pattern == nullptr || *pattern == L"*";
}

void WriteEntry(JsonWriter& reply, const WIN32_FIND_DATAW& entry) {
  reply.BeginObject();
  reply.Text("name", NameOf(entry));
  reply.Number("attributes", entry.dwFileAttributes);
  reply.Decimal("creationTime", Join(entry.ftCreationTime));
  reply.Decimal("lastAccessTime", Join(entry.ftLastAccessTime));
  reply.Decimal("lastWriteTime", Join(entry.ftLastWriteTime));
  reply.Number("size", static_cast<std::int64_t>(std::uint64_t{entry.nFileSizeHigh} << 32 |
                                                 entry.nFileSizeLow));
  reply.EndObject();
}

NtStatus WriteListing(Request& request, const Listing& listing, const std::wstring* pattern,
                      bool unimplemented) {
  const bool filtered =
      !IsAll(pattern) && (request.operations().FindFilesWithPattern == nullptr || unimplemented);
  const bool case_sensitive = request.fields.Has("caseSensitive")
                                  ? request.fields.Flag("caseSensitive")
                                  : (request.options().options & kOptionCaseSensitive) != 0;
  const std::uint64_t first = request.fields.Unsigned("index");
  std::uint64_t index = 0;
  bool any = false;
  for (const WIN32_FIND_DATAW& entry : listing) {
    if (filtered && !IsNameInExpression(*pattern, NameOf(entry), !case_sensitive)) continue;
    if (index++ < first) continue;
    if (!any) request.reply.BeginArray("entries");
    any = true;
    WriteEntry(request.reply, entry);
  }
  if (!any) return first == 0 ? status::kNoSuchFile : status::kNoMoreFiles;
  request.reply.EndArray();
  return status::kSuccess;
}

void AddMissingDots(const std::wstring& directory, const std::wstring* pattern, Listing& listing) {
  if (directory == L"\\" || !IsAll(pattern)) return;
  bool current = false;
  bool parent = false;
  for (const WIN32_FIND_DATAW& entry : listing) {
    current = current || NameOf(entry) == L".";
    parent = parent || NameOf(entry) == L"..";
  }
  WIN32_FIND_DATAW dot = {};
  dot.dwFileAttributes = FILE_ATTRIBUTE_DIRECTORY;
  GetSystemTimeAsFileTime(&dot.ftCreationTime);
  dot.ftLastAccessTime = dot.ftCreationTime;
  dot.ftLastWriteTime = dot.ftCreationTime;
  if (!parent) {
    std::wcscpy(dot.cFileName, L"..");
    listing.insert(listing.begin(), dot);
  }
  if (!current) {
    std::wcscpy(dot.cFileName, L".");
    listing.insert(listing.begin(), dot);
  }
}

bool MustScan(const OpenFile& open, const std::wstring* pattern, bool restart) {
  if (!open.listing || restart) return true;
  const std::wstring* last = open.listing_pattern.get();
  if (pattern != nullptr && last != nullptr) return *pattern != *last;
  return !IsAll(pattern) || !IsAll(last);
}

// Asks the file system. Not implemented by both callbacks is the answer then, too.
NtStatus Scan(Request& request, OpenFile& open, const std::wstring* pattern, Listing& listing) {
  const Operations& operations = request.operations();
  NtStatus result = status::kNotImplemented;
  request.info.processing_context = &listing;
  if (operations.FindFilesWithPattern != nullptr) {
    result =
        Call(Callback::kFindFilesWithPattern, operations.FindFilesWithPattern, request.name.c_str(),
             pattern != nullptr ? pattern->c_str() : L"*", &FillEntry, &request.info);
    if (result == status::kNotImplemented) {
      const Lock lock(open.mutex);
      open.pattern_unimplemented = true;
    }
  }
  if (result == status::kNotImplemented && operations.FindFiles != nullptr) {
    result = Call(Callback::kFindFiles, operations.FindFiles, request.name.c_str(), &FillEntry,
                  &request.info);
  }
  request.info.processing_context = nullptr;
  return result == status::kPending ? status::kInternalError : result;
}

}  // namespace

NtStatus RunQueryDirectory(Request& request) {
  if (!request.open) return status::kInvalidHandle;
  OpenFile& open = *request.open;
  const std::wstring& given = request.fields.Text("pattern");
  const std::wstring* pattern = given.empty() ? nullptr : &given;
  std::shared_ptr<const Listing> listing;
  bool unimplemented = false;
  {
    const Lock lock(open.mutex);
    if (!MustScan(open, pattern, request.fields.Flag("restartScan"))) listing = open.listing;
    unimplemented = open.pattern_unimplemented;
  }
  if (listing) return WriteListing(request, *listing, pattern, unimplemented);
  auto scanned = std::make_shared<Listing>();
  const NtStatus result = Scan(request, open, pattern, *scanned);
  if (result != status::kSuccess) return result;
  AddMissingDots(request.name, pattern, *scanned);
  {
    const Lock lock(open.mutex);
    unimplemented = open.pattern_unimplemented;
    open.listing = scanned;
    open.listing_pattern = pattern != nullptr ? std::make_unique<std::wstring>(given) : nullptr;
  }
  return WriteListing(request, *scanned, pattern, unimplemented);
}

}  // namespace simulator
