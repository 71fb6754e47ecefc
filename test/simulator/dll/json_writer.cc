#include "json_writer.h"

#include <charconv>

namespace simulator {
namespace {

// What a JavaScript number holds exactly.
constexpr std::int64_t kLargestExact = (std::int64_t{1} << 53) - 1;

bool IsHighSurrogate(wchar_t unit) {
  return (unit & 0xfc00) == 0xd800;
}
bool IsSurrogate(wchar_t unit) {
  return (unit & 0xf800) == 0xd800;
}

template <typename Integer>
void AppendDecimal(std::string& text, Integer value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  static_cast<void>(error);
  text.append(digits, end);
}

void AppendEscape(std::string& text, wchar_t unit) {
  static constexpr char kHex[] = "0123456789abcdef";
  text.append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) text.push_back(kHex[(unit >> shift) & 0xf]);
}

void AppendUtf8(std::string& text, unsigned code) {
  if (code >= 0x10000) {
    text.push_back(static_cast<char>(0xf0 | code >> 18));
    text.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    text.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
  } else if (code >= 0x800) {
    text.push_back(static_cast<char>(0xe0 | code >> 12));
    text.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
  } else {
    text.push_back(static_cast<char>(0xc0 | code >> 6));
  }
  text.push_back(static_cast<char>(0x80 | (code & 0x3f)));
}

}  // namespace

void JsonWriter::Comma() {
  if (comma_) text_.push_back(',');
  comma_ = true;
}

void JsonWriter::Key(std::string_view key) {
  Comma();
  text_.push_back('"');
  text_.append(key);
  text_.append("\":");
}

void JsonWriter::Number(std::string_view key, std::int64_t value) {
  Key(key);
  const bool quoted = value > kLargestExact || value < -kLargestExact;
  if (quoted) text_.push_back('"');
  AppendDecimal(text_, value);
  if (quoted) text_.push_back('"');
}

void JsonWriter::Decimal(std::string_view key, std::uint64_t value) {
  Key(key);
  text_.push_back('"');
  AppendDecimal(text_, value);
  text_.push_back('"');
}

void JsonWriter::Flag(std::string_view key, bool value) {
  Key(key);
  text_.append(value ? "true" : "false");
}

void JsonWriter::Text(std::string_view key, std::wstring_view value) {
  Key(key);
  AppendText(value);
}

void JsonWriter::BeginArray(std::string_view key) {
  Key(key);
  text_.push_back('[');
  comma_ = false;
}

void JsonWriter::EndArray() {
  text_.push_back(']');
  comma_ = true;
}

void JsonWriter::BeginObject() {
  Comma();
  text_.push_back('{');
  comma_ = false;
}

void JsonWriter::BeginObject(std::string_view key) {
  Key(key);
  text_.push_back('{');
  comma_ = false;
}

void JsonWriter::EndObject() {
  text_.push_back('}');
  comma_ = true;
}

void JsonWriter::TextElement(std::wstring_view value) {
  Comma();
  AppendText(value);
}

void JsonWriter::AppendText(std::wstring_view value) {
  text_.push_back('"');
  for (std::size_t i = 0; i < value.size(); ++i) {
    const wchar_t unit = value[i];
    if (unit == L'"' || unit == L'\\') {
      text_.push_back('\\');
      text_.push_back(static_cast<char>(unit));
    } else if (unit < 0x20) {
      AppendEscape(text_, unit);
    } else if (unit < 0x80) {
      text_.push_back(static_cast<char>(unit));
    } else if (!IsSurrogate(unit)) {
      AppendUtf8(text_, unit);
    } else if (IsHighSurrogate(unit) && i + 1 < value.size() && IsSurrogate(value[i + 1]) &&
               !IsHighSurrogate(value[i + 1])) {
      const unsigned high = unit & 0x3ff;
      const unsigned low = value[++i] & 0x3ff;
      AppendUtf8(text_, 0x10000 + (high << 10 | low));
    } else {
      AppendEscape(text_, unit);
    }
  }
  text_.push_back('"');
}

}  // namespace simulator
