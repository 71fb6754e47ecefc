// What the callbacks are to answer, in the order they were told.

#ifndef NODE_DOKAN_TEST_SIMULATOR_SCRIPT_ANSWERS_H_
#define NODE_DOKAN_TEST_SIMULATOR_SCRIPT_ANSWERS_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "../dll/dokan_abi.h"
#include "../dll/json_object.h"
#include "../dll/sync.h"

namespace scripted {

// A directory entry or a stream.
struct NamedItem {
  std::wstring name;
  std::optional<std::uint64_t> number;
};

struct Answer {
  std::wstring callback;
  // The order it was given by: what the callback does and returns.
  simulator::JsonObject fields;
  std::vector<NamedItem> items;
  // Whether the callback waits until it is told to go on.
  bool held = false;
};

class Answers {
 public:
  void Push(Answer answer);
  // The first answer for this callback; the default one when there is none.
  // Waits while the answer is held.
  Answer Take(const wchar_t* callback);
  void Release();
  void Clear();

 private:
  simulator::Mutex mutex_;
  simulator::Condition released_;
  std::deque<Answer> queue_;
  bool released = false;
};

// Lines of `number<tab>name`, the number being absent where the default is meant.
std::vector<NamedItem> ParseItems(const std::string& text);

}  // namespace scripted

#endif  // NODE_DOKAN_TEST_SIMULATOR_SCRIPT_ANSWERS_H_
