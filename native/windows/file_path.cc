#include "file_path.h"

#include <algorithm>
#include <string_view>

#include "nt_file_api.h"

namespace dokan {
namespace {

// A UNICODE_STRING counts bytes in 16 bits.
constexpr size_t kLongestPath = 0x7FFF;

bool IsName(std::wstring_view name, bool is_last) {
  constexpr std::wstring_view kNever(L"\\\0", 2);
  return !name.empty() && name != L"." && name != L".." &&
         name.find_first_of(kNever) == std::wstring_view::npos &&
         // A stream has no files in it.
         (is_last || name.find(L':') == std::wstring_view::npos);
}

}  // namespace

bool FilePath::Read(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf16(env, value, nullptr, 0, &length) != napi_ok) {
    return false;
  }
  if (length > kLongestPath) {
    status_ = nt::kNameTooLong;
    return true;
  }
  text_.resize(length);
  // The NUL it adds has its place behind the text.
  napi_get_value_string_utf16(env, value, reinterpret_cast<char16_t*>(text_.data()), length + 1,
                              &length);
  status_ = Check();
  return true;
}

NTSTATUS FilePath::Check() {
  if (text_.empty()) {
    return nt::kSuccess;
  }
  const std::wstring_view rest = text_;
  for (size_t start = 0; start <= rest.size();) {
    const size_t end = std::min(rest.find(L'/', start), rest.size());
    if (!IsName(rest.substr(start, end - start), end == rest.size())) {
      return nt::kObjectNameInvalid;
    }
    start = end + 1;
  }
  std::replace(text_.begin(), text_.end(), L'/', L'\\');
  return nt::kSuccess;
}

bool FilePath::Split(FilePath* parent, std::wstring* name) const {
  if (text_.empty()) {
    return false;
  }
  const size_t separator = text_.rfind(L'\\');
  const bool is_direct = separator == std::wstring::npos;
  parent->text_ = is_direct ? std::wstring() : text_.substr(0, separator);
  *name = is_direct ? text_ : text_.substr(separator + 1);
  return true;
}

}  // namespace dokan
