// One order as it was received: a JSON object of scalars.
//
// Our own parser, because names have to stay UTF-16: file names on Windows may hold surrogates
// without a partner, which JSON writes as \udXXX and every UTF-8 library refuses or replaces.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_JSON_OBJECT_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_JSON_OBJECT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

class JsonObject {
 public:
  // Keeps a copy of nothing but the values; nested arrays and objects are skipped.
  // Returns false when the text is not a JSON object.
  bool Parse(std::string_view text);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // Empty when absent or not a text.
  const std::wstring& Text(std::string_view key) const;
  bool Flag(std::string_view key) const;
  // A number, or a decimal string where a number would lose digits.
  std::int64_t Integer(std::string_view key, std::int64_t fallback = 0) const;
  std::uint64_t Unsigned(std::string_view key, std::uint64_t fallback = 0) const {
    return static_cast<std::uint64_t>(Integer(key, static_cast<std::int64_t>(fallback)));
  }
  std::uint32_t Word(std::string_view key, std::uint32_t fallback = 0) const {
    return static_cast<std::uint32_t>(Integer(key, fallback));
  }

 private:
  enum class Kind { kNull, kFalse, kTrue, kNumber, kText, kNested };
  struct Member {
    std::string key;
    Kind kind = Kind::kNull;
    // Two's complement: 64 unsigned bits and negative numbers share it.
    std::uint64_t number = 0;
    std::wstring text;
  };

  const Member* Find(std::string_view key) const;

  // Grows and is never shrunk: an order that follows uses the memory of the one before.
  std::vector<Member> members_;
  std::size_t count_ = 0;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_JSON_OBJECT_H_
