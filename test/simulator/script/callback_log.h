// What the library called, in the form of the recorded transcripts.

#ifndef NODE_DOKAN_TEST_SIMULATOR_SCRIPT_CALLBACK_LOG_H_
#define NODE_DOKAN_TEST_SIMULATOR_SCRIPT_CALLBACK_LOG_H_

#include <functional>
#include <string>
#include <vector>

#include "../dll/dokan_abi.h"
#include "../dll/json_writer.h"
#include "../dll/sync.h"

namespace scripted {

// Writes the fields of one entry.
using EntryFields = std::function<void(simulator::JsonWriter&)>;

class CallbackLog {
 public:
  // The fields of the file info that are not zero go with it.
  void Add(const wchar_t* callback, const simulator::FileInfo* info, EntryFields fields);
  void AddNote(const wchar_t* note, bool result);
  // All entries so far, as an array; the log is empty afterwards.
  void WriteTo(simulator::JsonWriter& writer);

 private:
  simulator::Mutex mutex_;
  std::vector<EntryFields> entries_;
};

}  // namespace scripted

#endif  // NODE_DOKAN_TEST_SIMULATOR_SCRIPT_CALLBACK_LOG_H_
