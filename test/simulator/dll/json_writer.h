// Writes one JSON object into a buffer that is kept from reply to reply.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_JSON_WRITER_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace simulator {

class JsonWriter {
 public:
  // Opens the outermost object.
  void Begin() {
    text_.assign(1, '{');
    comma_ = false;
  }
  void End() { text_.push_back('}'); }

  void Number(std::string_view key, std::int64_t value);
  // Always in quotes: times, contexts and indexes do not fit a double.
  void Decimal(std::string_view key, std::uint64_t value);
  void Flag(std::string_view key, bool value);
  void Text(std::string_view key, std::wstring_view value);

  void BeginArray(std::string_view key);
  void EndArray();
  // Within an array.
  void BeginObject();
  void EndObject();
  void BeginObject(std::string_view key);
  void TextElement(std::wstring_view value);

  const std::string& text() const { return text_; }

 private:
  void Key(std::string_view key);
  void Comma();
  void AppendText(std::wstring_view value);

  std::string text_;
  bool comma_ = false;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_JSON_WRITER_H_
