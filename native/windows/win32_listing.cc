#include <cstring>
#include <string_view>
#include <vector>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"
#include "file_times.h"
#include "file_values.h"

namespace dokan {
namespace {

// Of one call to NT. Larger ones are refused by some network file systems.
constexpr size_t kListingBytes = 64 * 1024;
constexpr size_t kMostStreamBytes = size_t{16} << 20;

constexpr size_t kTimes = 4;

// What a listing consists of, each field in a list of its own: cheaper than an object per entry.
struct Columns {
  std::vector<int64_t> times;
  std::vector<double> sizes;
  std::vector<double> allocations;
  std::vector<uint32_t> attributes;
  std::vector<uint64_t> identities;
};

// One entry, in whichever of the two classes it came.
class EntryReader {
 public:
  EntryReader(napi_env env, napi_value names, bool has_identity)
      : env_(env), names_(names), has_identity_(has_identity) {}

  void Add(const uint8_t* bytes) {
    nt::DirectoryEntry entry;
    std::memcpy(&entry, bytes, sizeof entry);
    const size_t name_offset = has_identity_ ? nt::kEntryNameAfterIdentity : nt::kEntryName;
    const std::wstring_view name(reinterpret_cast<const wchar_t*>(bytes + name_offset),
                                 entry.name_length / sizeof(wchar_t));
    if (name == L"." || name == L"..") {
      return;
    }
    napi_set_element(env_, names_, static_cast<uint32_t>(columns_.attributes.size()),
                     TextToJavaScript(env_, name));
    columns_.times.insert(columns_.times.end(),
                          {ToUnixTicks(entry.creation_time), ToUnixTicks(entry.last_access_time),
                           ToUnixTicks(entry.last_write_time), ToUnixTicks(entry.change_time)});
    columns_.sizes.push_back(static_cast<double>(entry.end_of_file));
    columns_.allocations.push_back(static_cast<double>(entry.allocation_size));
    columns_.attributes.push_back(entry.attributes);
    uint64_t identity = 0;
    if (has_identity_) {
      std::memcpy(&identity, bytes + nt::kEntryIdentity, sizeof identity);
    }
    columns_.identities.push_back(identity);
  }

  const Columns& columns() const { return columns_; }

 private:
  napi_env env_;
  napi_value names_;
  bool has_identity_;
  Columns columns_;
};

NTSTATUS ReadAll(HANDLE handle, nt::FileClass information_class, EntryReader* reader) {
  // Of eight bytes each, as NT wants it aligned.
  std::vector<uint64_t> buffer(kListingBytes / sizeof(uint64_t));
  const auto* const bytes = reinterpret_cast<const uint8_t*>(buffer.data());
  for (bool first = true;; first = false) {
    IO_STATUS_BLOCK io = {};
    const NTSTATUS status = nt::FileApi::Get().query_directory_file(
        handle, nullptr, nullptr, nullptr, &io, buffer.data(), kListingBytes, information_class,
        FALSE, nullptr, first ? TRUE : FALSE);
    if (status == nt::kNoMoreFiles || (first && status == nt::kNoSuchFile)) {
      return nt::kSuccess;
    }
    if (!nt::IsSuccess(status)) {
      return status;
    }
    size_t offset = 0;
    ULONG next = 0;
    do {
      std::memcpy(&next, bytes + offset, sizeof next);
      reader->Add(bytes + offset);
      offset += next;
    } while (next != 0 && offset + nt::kEntryNameAfterIdentity <= kListingBytes);
  }
}

struct Listing {
  NTSTATUS status = 0;
  napi_value names = nullptr;
  Columns columns;
};

Listing List(napi_env env, HANDLE handle) {
  Listing listing;
  for (const bool has_identity : {true, false}) {
    napi_create_array(env, &listing.names);
    EntryReader reader(env, listing.names, has_identity);
    listing.status = ReadAll(
        handle, has_identity ? nt::FileClass::kIdFullDirectory : nt::FileClass::kFullDirectory,
        &reader);
    if (nt::IsSuccess(listing.status)) {
      listing.columns = reader.columns();
    }
    if (!nt::IsUnknownClass(listing.status)) {
      break;
    }
  }
  return listing;
}

}  // namespace

// listDirectory(file)
napi_value ListDirectoryFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  // A handle keeps where its last listing stopped, and in Wine all that it has seen: another one
  // starts anew. There is none when the application lets nobody else into the directory.
  const OpenResult other = Reopen(*file, FILE_LIST_DIRECTORY);
  const Listing listing =
      List(env, nt::IsSuccess(other.status) ? other.handle.get() : file->handle.get());
  if (!nt::IsSuccess(listing.status)) {
    return call.Status(listing.status);
  }
  const Columns& columns = listing.columns;
  napi_value result = nullptr;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "names", listing.names);
  napi_set_named_property(env, result, "times",
                          ArrayToJavaScript(env, napi_bigint64_array, columns.times));
  napi_set_named_property(env, result, "sizes",
                          ArrayToJavaScript(env, napi_float64_array, columns.sizes));
  napi_set_named_property(env, result, "allocationSizes",
                          ArrayToJavaScript(env, napi_float64_array, columns.allocations));
  napi_set_named_property(env, result, "attributes",
                          ArrayToJavaScript(env, napi_uint32_array, columns.attributes));
  napi_set_named_property(env, result, "indexes",
                          ArrayToJavaScript(env, napi_biguint64_array, columns.identities));
  return result;
}

// listStreams(file)
napi_value ListStreamsFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  std::vector<uint64_t> buffer(4096 / sizeof(uint64_t));
  IO_STATUS_BLOCK io = {};
  NTSTATUS status = nt::kSuccess;
  while (true) {
    const size_t size = buffer.size() * sizeof(uint64_t);
    io = {};
    status = nt::FileApi::Get().query_information_file(
        file->handle.get(), &io, buffer.data(), static_cast<ULONG>(size), nt::FileClass::kStream);
    if (status != nt::kBufferOverflow || size >= kMostStreamBytes) {
      break;
    }
    buffer.assign(buffer.size() * 4, 0);
  }
  if (!nt::IsSuccess(status)) {
    return call.Status(status);
  }
  napi_value names = nullptr;
  napi_create_array(env, &names);
  std::vector<double> sizes;
  const auto* const bytes = reinterpret_cast<const uint8_t*>(buffer.data());
  // A directory without streams has none at all: nothing is filled in.
  bool more = io.Information > offsetof(nt::StreamInformation, name);
  for (size_t offset = 0; more;) {
    nt::StreamInformation stream;
    std::memcpy(&stream, bytes + offset, offsetof(nt::StreamInformation, name));
    const std::wstring_view name(
        reinterpret_cast<const wchar_t*>(bytes + offset + offsetof(nt::StreamInformation, name)),
        stream.name_length / sizeof(wchar_t));
    napi_set_element(env, names, static_cast<uint32_t>(sizes.size()), TextToJavaScript(env, name));
    sizes.push_back(static_cast<double>(stream.size));
    offset += stream.next_entry_offset;
    more = stream.next_entry_offset != 0 && offset < io.Information;
  }
  napi_value result = nullptr;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "names", names);
  napi_set_named_property(env, result, "sizes", ArrayToJavaScript(env, napi_float64_array, sizes));
  return result;
}

}  // namespace dokan
