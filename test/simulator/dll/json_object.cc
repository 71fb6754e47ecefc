#include "json_object.h"

#include <cstring>

namespace simulator {
namespace {

// Reads from a text that has an end but no terminator; every step is checked.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  char Peek() const { return at_ < end_ ? *at_ : '\0'; }
  bool AtEnd() const { return at_ == end_; }
  char Next() { return at_ < end_ ? *at_++ : '\0'; }
  void SkipSpace() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool Take(char expected) {
    SkipSpace();
    if (Peek() != expected) return false;
    ++at_;
    return true;
  }
  bool TakeWord(const char* word) {
    const std::size_t length = std::strlen(word);
    if (static_cast<std::size_t>(end_ - at_) < length) return false;
    if (std::memcmp(at_, word, length) != 0) return false;
    at_ += length;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

bool ParseHex(Cursor& in, wchar_t& unit) {
  unsigned value = 0;
  for (int digit = 0; digit < 4; ++digit) {
    const char c = in.Next();
    value <<= 4;
    if (c >= '0' && c <= '9') {
      value |= static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value |= static_cast<unsigned>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value |= static_cast<unsigned>(c - 'A' + 10);
    } else {
      return false;
    }
  }
  unit = static_cast<wchar_t>(value);
  return true;
}

bool ParseEscape(Cursor& in, std::wstring& out) {
  wchar_t unit = 0;
  switch (in.Next()) {
    case '"':
      unit = L'"';
      break;
    case '\\':
      unit = L'\\';
      break;
    case '/':
      unit = L'/';
      break;
    case 'b':
      unit = L'\b';
      break;
    case 'f':
      unit = L'\f';
      break;
    case 'n':
      unit = L'\n';
      break;
    case 'r':
      unit = L'\r';
      break;
    case 't':
      unit = L'\t';
      break;
    case 'u':
      if (!ParseHex(in, unit)) return false;
      break;
    default:
      return false;
  }
  out.push_back(unit);
  return true;
}

// The bytes that follow a first byte of 0x80 or more, appended as UTF-16.
bool ParseMultibyte(Cursor& in, unsigned char first, std::wstring& out) {
  unsigned code = 0;
  int more = 0;
  if ((first & 0xe0) == 0xc0) {
    code = first & 0x1f;
    more = 1;
  } else if ((first & 0xf0) == 0xe0) {
    code = first & 0x0f;
    more = 2;
  } else if ((first & 0xf8) == 0xf0) {
    code = first & 0x07;
    more = 3;
  } else {
    return false;
  }
  for (; more > 0; --more) {
    const auto next = static_cast<unsigned char>(in.Next());
    if ((next & 0xc0) != 0x80) return false;
    code = code << 6 | (next & 0x3f);
  }
  if (code >= 0x10000) {
    code -= 0x10000;
    out.push_back(static_cast<wchar_t>(0xd800 | code >> 10));
    out.push_back(static_cast<wchar_t>(0xdc00 | (code & 0x3ff)));
  } else {
    out.push_back(static_cast<wchar_t>(code));
  }
  return true;
}

bool ParseText(Cursor& in, std::wstring& out) {
  out.clear();
  if (!in.Take('"')) return false;
  for (;;) {
    if (in.AtEnd()) return false;
    const auto byte = static_cast<unsigned char>(in.Next());
    if (byte == '"') return true;
    if (byte == '\\') {
      if (!ParseEscape(in, out)) return false;
    } else if (byte < 0x80) {
      out.push_back(static_cast<wchar_t>(byte));
    } else if (!ParseMultibyte(in, byte, out)) {
      return false;
    }
  }
}

bool ParseNumber(Cursor& in, std::uint64_t& number) {
  const bool negative = in.Peek() == '-';
  if (negative) in.Next();
  if (in.Peek() < '0' || in.Peek() > '9') return false;
  number = 0;
  while (in.Peek() >= '0' && in.Peek() <= '9') {
    number = number * 10 + static_cast<std::uint64_t>(in.Next() - '0');
  }
  // No field of the protocol is a fraction.
  if (in.Peek() == '.' || in.Peek() == 'e' || in.Peek() == 'E') return false;
  if (negative) number = ~number + 1;
  return true;
}

// What no order uses, and a later one may: passed over, not understood.
bool SkipNested(Cursor& in) {
  std::wstring ignored;
  int depth = 0;
  do {
    in.SkipSpace();
    if (in.AtEnd()) return false;
    if (in.Peek() == '"') {
      if (!ParseText(in, ignored)) return false;
      continue;
    }
    const char c = in.Next();
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  } while (depth > 0);
  return true;
}

std::uint64_t FromDecimal(const std::wstring& text) {
  std::uint64_t number = 0;
  const bool negative = !text.empty() && text[0] == L'-';
  for (std::size_t i = negative ? 1 : 0; i < text.size(); ++i) {
    if (text[i] < L'0' || text[i] > L'9') break;
    number = number * 10 + static_cast<std::uint64_t>(text[i] - L'0');
  }
  return negative ? ~number + 1 : number;
}

}  // namespace

bool JsonObject::Parse(std::string_view text) {
  count_ = 0;
  Cursor in(text);
  std::wstring key;
  if (!in.Take('{')) return false;
  if (in.Take('}')) return true;
  do {
    if (!ParseText(in, key) || !in.Take(':')) return false;
    in.SkipSpace();
    if (count_ == members_.size()) members_.emplace_back();
    Member& member = members_[count_++];
    member.key.clear();
    for (const wchar_t unit : key) member.key.push_back(static_cast<char>(unit));
    const char first = in.Peek();
    bool parsed = false;
    if (first == '"') {
      member.kind = Kind::kText;
      parsed = ParseText(in, member.text);
    } else if (first == 't') {
      member.kind = Kind::kTrue;
      parsed = in.TakeWord("true");
    } else if (first == 'f') {
      member.kind = Kind::kFalse;
      parsed = in.TakeWord("false");
    } else if (first == 'n') {
      member.kind = Kind::kNull;
      parsed = in.TakeWord("null");
    } else if (first == '{' || first == '[') {
      member.kind = Kind::kNested;
      parsed = SkipNested(in);
    } else {
      member.kind = Kind::kNumber;
      parsed = ParseNumber(in, member.number);
    }
    if (!parsed) return false;
  } while (in.Take(','));
  return in.Take('}');
}

const JsonObject::Member* JsonObject::Find(std::string_view key) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (members_[i].key == key) return &members_[i];
  }
  return nullptr;
}

const std::wstring& JsonObject::Text(std::string_view key) const {
  static const std::wstring none;
  const Member* member = Find(key);
  return member != nullptr && member->kind == Kind::kText ? member->text : none;
}

bool JsonObject::Flag(std::string_view key) const {
  const Member* member = Find(key);
  if (member == nullptr) return false;
  return member->kind == Kind::kTrue || (member->kind == Kind::kNumber && member->number != 0);
}

std::int64_t JsonObject::Integer(std::string_view key, std::int64_t fallback) const {
  const Member* member = Find(key);
  if (member == nullptr) return fallback;
  switch (member->kind) {
    case Kind::kNumber:
      return static_cast<std::int64_t>(member->number);
    case Kind::kText:
      return static_cast<std::int64_t>(FromDecimal(member->text));
    case Kind::kTrue:
      return 1;
    default:
      return fallback;
  }
}

}  // namespace simulator
