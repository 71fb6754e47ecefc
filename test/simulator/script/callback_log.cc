#include "callback_log.h"

#include <utility>

namespace scripted {
namespace {

using simulator::FileInfo;
using simulator::JsonWriter;
using simulator::Lock;

bool IsAllZero(const FileInfo& info) {
  return info.context == 0 && info.process_id == 0 && info.is_directory == 0 &&
         info.delete_pending == 0 && info.paging_io == 0 && info.synchronous_io == 0 &&
         info.no_cache == 0 && info.write_to_end_of_file == 0;
}

void WriteNonZero(JsonWriter& writer, const char* key, std::int64_t value) {
  if (value != 0) writer.Number(key, value);
}

void WriteInfo(JsonWriter& writer, const FileInfo& info) {
  if (IsAllZero(info)) return;
  writer.BeginObject("fileInfo");
  WriteNonZero(writer, "context", static_cast<std::int64_t>(info.context));
  WriteNonZero(writer, "processId", info.process_id);
  WriteNonZero(writer, "isDirectory", info.is_directory);
  WriteNonZero(writer, "deletePending", info.delete_pending);
  WriteNonZero(writer, "pagingIo", info.paging_io);
  WriteNonZero(writer, "synchronousIo", info.synchronous_io);
  WriteNonZero(writer, "noCache", info.no_cache);
  WriteNonZero(writer, "writeToEndOfFile", info.write_to_end_of_file);
  writer.EndObject();
}

}  // namespace

void CallbackLog::Add(const wchar_t* callback, const FileInfo* info, EntryFields fields) {
  const FileInfo entry = info != nullptr ? *info : FileInfo{};
  const Lock lock(mutex_);
  entries_.push_back([callback, entry, fields = std::move(fields)](JsonWriter& writer) {
    writer.Text("callback", callback);
    WriteInfo(writer, entry);
    if (fields) fields(writer);
  });
}

void CallbackLog::AddNote(const wchar_t* note, bool result) {
  const Lock lock(mutex_);
  entries_.push_back([note, result](JsonWriter& writer) {
    writer.Text("note", note);
    writer.Flag("result", result);
  });
}

void CallbackLog::WriteTo(JsonWriter& writer) {
  std::vector<EntryFields> entries;
  {
    const Lock lock(mutex_);
    entries.swap(entries_);
  }
  writer.BeginArray("callbacks");
  for (const EntryFields& entry : entries) {
    writer.BeginObject();
    entry(writer);
    writer.EndObject();
  }
  writer.EndArray();
}

}  // namespace scripted
