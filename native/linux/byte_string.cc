#include "byte_string.h"

#include <errno.h>

#include <algorithm>
#include <cstring>

namespace dokan {
namespace {

constexpr char16_t kEscape = 0xDC00;

bool IsHighSurrogate(char16_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

bool IsLowSurrogate(char16_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

bool IsContinuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// Length of the valid UTF-8 sequence at the start of `bytes`; 0 when there is none. Refuses what
// Unicode refuses: overlong forms, surrogates, code points past U+10FFFF.
size_t ValidSequence(std::string_view bytes) {
  const auto at = [&](size_t index) { return static_cast<unsigned char>(bytes[index]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  size_t length = 0;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) {
      lowest = 0xA0;
    } else if (lead == 0xED) {
      highest = 0x9F;
    }
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) {
      lowest = 0x90;
    } else if (lead == 0xF4) {
      highest = 0x8F;
    }
  }
  if (length == 0 || bytes.size() < length || at(1) < lowest || at(1) > highest) {
    return 0;
  }
  for (size_t index = 2; index < length; ++index) {
    if (!IsContinuation(at(index))) {
      return 0;
    }
  }
  return length;
}

char32_t CodePoint(std::string_view sequence) {
  const auto at = [&](size_t index) { return static_cast<unsigned char>(sequence[index]); };
  switch (sequence.size()) {
    case 1:
      return at(0);
    case 2:
      return (at(0) & 0x1FU) << 6 | (at(1) & 0x3FU);
    case 3:
      return (at(0) & 0x0FU) << 12 | (at(1) & 0x3FU) << 6 | (at(2) & 0x3FU);
    default:
      return (at(0) & 0x07U) << 18 | (at(1) & 0x3FU) << 12 | (at(2) & 0x3FU) << 6 | (at(3) & 0x3FU);
  }
}

// Writes one code point as UTF-8; `out` has room for four bytes.
size_t PutCodePoint(char32_t point, char* out) {
  if (point < 0x800) {
    out[0] = static_cast<char>(0xC0 | point >> 6);
    out[1] = static_cast<char>(0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = static_cast<char>(0xE0 | point >> 12);
    out[1] = static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (point & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | point >> 18);
  out[1] = static_cast<char>(0x80 | (point >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (point >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (point & 0x3F));
  return 4;
}

}  // namespace

ssize_t EncodeBytes(const char16_t* text, size_t length, char* out, size_t capacity) {
  size_t used = 0;
  for (size_t index = 0; index < length; ++index) {
    const char16_t unit = text[index];
    // Most names are nothing else.
    if (unit < 0x80) {
      if (used == capacity) {
        return -ENAMETOOLONG;
      }
      out[used++] = static_cast<char>(unit);
      continue;
    }
    char encoded[4];
    size_t size = 1;
    if (IsHighSurrogate(unit)) {
      if (index + 1 == length || !IsLowSurrogate(text[index + 1])) {
        return -EILSEQ;
      }
      const char16_t low = text[++index];
      size = PutCodePoint(0x10000 + ((unit - 0xD800U) << 10) + (low - 0xDC00U), encoded);
    } else if (IsLowSurrogate(unit)) {
      if (unit < kEscape + 0x80 || unit > kEscape + 0xFF) {
        return -EILSEQ;
      }
      encoded[0] = static_cast<char>(unit - kEscape);
    } else {
      size = PutCodePoint(unit, encoded);
    }
    if (used + size > capacity) {
      return -ENAMETOOLONG;
    }
    std::memcpy(out + used, encoded, size);
    used += size;
  }
  return static_cast<ssize_t>(used);
}

napi_value DecodeBytes(napi_env env, std::string_view bytes) {
  napi_value result = nullptr;
  bool ascii = true;
  bool valid = true;
  for (size_t index = 0; index < bytes.size();) {
    const size_t size = ValidSequence(bytes.substr(index));
    ascii = ascii && size == 1;
    valid = valid && size != 0;
    index += std::max<size_t>(size, 1);
  }
  if (ascii) {
    napi_create_string_latin1(env, bytes.data(), bytes.size(), &result);
    return result;
  }
  if (valid) {
    napi_create_string_utf8(env, bytes.data(), bytes.size(), &result);
    return result;
  }
  std::u16string text;
  text.reserve(bytes.size());
  for (size_t index = 0; index < bytes.size();) {
    const size_t size = ValidSequence(bytes.substr(index));
    if (size == 0) {
      text.push_back(static_cast<char16_t>(kEscape + static_cast<unsigned char>(bytes[index])));
      ++index;
      continue;
    }
    const char32_t point = CodePoint(bytes.substr(index, size));
    if (point < 0x10000) {
      text.push_back(static_cast<char16_t>(point));
    } else {
      text.push_back(static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10)));
      text.push_back(static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF)));
    }
    index += size;
  }
  napi_create_string_utf16(env, text.data(), text.size(), &result);
  return result;
}

bool BytePath::Read(napi_env env, napi_value value) {
  length_ = 0;
  error_ = 0;
  bytes_[0] = '\0';
  // One unit more than fits: a longer string fills the buffer and is noticed by that.
  char16_t text[kPathCapacity + 1];
  size_t units = 0;
  const napi_status status =
      napi_get_value_string_utf16(env, value, text, kPathCapacity + 1, &units);
  if (status == napi_ok) {
    if (units >= kPathCapacity) {
      error_ = ENAMETOOLONG;
      return true;
    }
    const ssize_t length = EncodeBytes(text, units, bytes_, kPathCapacity - 1);
    if (length < 0) {
      error_ = static_cast<int>(-length);
      return true;
    }
    length_ = static_cast<size_t>(length);
  } else {
    bool is_array = false;
    napi_typedarray_type type = napi_int8_array;
    void* data = nullptr;
    size_t size = 0;
    if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
        napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      return false;
    }
    if (size >= kPathCapacity) {
      error_ = ENAMETOOLONG;
      return true;
    }
    if (size > 0) {
      std::memcpy(bytes_, data, size);
    }
    length_ = size;
  }
  if (std::memchr(bytes_, '\0', length_) != nullptr) {
    error_ = EINVAL;
  }
  bytes_[length_] = '\0';
  return true;
}

}  // namespace dokan
