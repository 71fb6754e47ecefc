#include "answers.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "slot_times.h"

namespace dokan {
namespace {

constexpr double kSizeLimit = 18446744073709549568.0;  // The last double below 2^64.

DWORD High(uint64_t value) {
  return static_cast<DWORD>(value >> 32);
}

DWORD Low(uint64_t value) {
  return static_cast<DWORD>(value);
}

size_t Aligned(size_t offset) {
  return (offset + 7) & ~size_t{7};
}

// Calls `use` with the head and the name of every record that lies within the data as a whole;
// ends when `use` says false.
template <typename Head, typename Use>
bool ForEachRecord(std::span<const uint8_t> data, size_t name_offset, Use use) {
  for (size_t at = 0; at + name_offset <= data.size();) {
    Head head = {};
    // Of a Head, the end may be padding that the last record does not have.
    std::memcpy(&head, data.data() + at, std::min(sizeof head, name_offset));
    const size_t bytes = size_t{head.name_units} * sizeof(wchar_t);
    if (bytes > data.size() - at - name_offset) {
      return true;
    }
    if (!use(head, data.data() + at + name_offset, head.name_units)) {
      return false;
    }
    at = Aligned(at + name_offset + bytes);
  }
  return true;
}

}  // namespace

uint64_t ToSize(double size) {
  return size > 0 ? static_cast<uint64_t>(std::min(size, kSizeLimit)) : 0;
}

void ReadFileInformation(const Answer& answer, BY_HANDLE_FILE_INFORMATION* out) {
  const uint64_t size = ToSize(answer.sizes[0]);
  *out = {};
  out->dwFileAttributes = answer.results[0];
  out->ftCreationTime = ToFileTime(KindOf(answer.time_kinds, 0), answer.times[0]);
  out->ftLastAccessTime = ToFileTime(KindOf(answer.time_kinds, 1), answer.times[1]);
  out->ftLastWriteTime = ToFileTime(KindOf(answer.time_kinds, 2), answer.times[2]);
  out->nNumberOfLinks = answer.results[1];
  out->dwVolumeSerialNumber = answer.results[2];
  out->nFileSizeHigh = High(size);
  out->nFileSizeLow = Low(size);
  out->nFileIndexHigh = High(answer.index);
  out->nFileIndexLow = Low(answer.index);
}

void CopyText(std::wstring_view text, LPWSTR out, DWORD units) {
  if (out == nullptr || units == 0) {
    return;
  }
  const size_t count = std::min<size_t>(text.size(), units - 1);
  std::copy_n(text.data(), count, out);
  out[count] = 0;
}

void GiveEntries(std::span<const uint8_t> data, abi::FillFindData fill, abi::FileInfo* info) {
  ForEachRecord<EntryHead>(
      data, kEntryName, [&](const EntryHead& head, const uint8_t* name, uint32_t units) {
        WIN32_FIND_DATAW found = {};
        if (units == 0 || units >= std::size(found.cFileName)) {
          return true;
        }
        const uint64_t size = ToSize(head.size);
        found.dwFileAttributes = head.attributes;
        found.ftCreationTime = ToFileTime(KindOf(head.time_kinds, 0), head.times[0]);
        found.ftLastAccessTime = ToFileTime(KindOf(head.time_kinds, 1), head.times[1]);
        found.ftLastWriteTime = ToFileTime(KindOf(head.time_kinds, 2), head.times[2]);
        found.nFileSizeHigh = High(size);
        found.nFileSizeLow = Low(size);
        std::memcpy(found.cFileName, name, units * sizeof(wchar_t));
        // Its result says that Dokan has no memory for more; it then fails the listing by itself.
        fill(&found, info);
        return true;
      });
}

bool GiveStreams(std::span<const uint8_t> data, abi::FillStreamData fill, PVOID context) {
  return ForEachRecord<StreamHead>(
      data, kStreamName, [&](const StreamHead& head, const uint8_t* name, uint32_t units) {
        abi::StreamData found = {};
        if (units == 0 || units >= std::size(found.name)) {
          return true;
        }
        found.size.QuadPart = static_cast<LONGLONG>(ToSize(head.size));
        std::memcpy(found.name, name, units * sizeof(wchar_t));
        return fill(&found, context) != FALSE;
      });
}

}  // namespace dokan
