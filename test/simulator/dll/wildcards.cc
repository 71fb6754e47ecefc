#include "wildcards.h"

#include <cwctype>

namespace simulator {
namespace {

constexpr wchar_t kDosStar = L'<';
constexpr wchar_t kDosQuestionMark = L'>';
constexpr wchar_t kDosDot = L'"';

bool SameCharacter(wchar_t a, wchar_t b, bool ignore_case) {
  return a == b || (ignore_case && std::towupper(a) == std::towupper(b));
}

// The suffix of the name a DOS_STAR has to stop at: the one of the last dot. Without a dot the
// library searches with the position 0, which is why a lone DOS_STAR matches no name without one.
std::size_t DosStarEnd(std::wstring_view name, std::size_t from) {
  const std::size_t dot = name.rfind(L'.');
  const bool found = dot != std::wstring_view::npos && dot >= from;
  const std::size_t stop = found ? dot : 0;
  return from <= stop ? stop : name.size();
}

bool Matches(std::wstring_view expression, std::wstring_view name, bool ignore_case) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const wchar_t c = expression[i];
    const std::wstring_view rest = expression.substr(i + 1);
    // `?` and DOS_QM do not look whether a character is left; only a star can still follow.
    if (at > name.size()) return c == L'*' && rest.empty();
    if (c == L'*' || c == kDosStar) {
      if (c == L'*' && rest.empty()) return true;
      const std::size_t stop = c == L'*' ? name.size() : DosStarEnd(name, at);
      for (; at < stop; ++at) {
        if (Matches(rest, name.substr(at), ignore_case)) return true;
      }
    } else if (c == kDosQuestionMark) {
      // The last dot is not a character to it.
      const bool last_dot = at < name.size() && name[at] == L'.' && name.rfind(L'.') == at;
      if (!last_dot) ++at;
    } else if (c == kDosDot) {
      if (at < name.size() && name[at] == L'.') ++at;
    } else if (c == L'?') {
      ++at;
    } else {
      if (at == name.size() || !SameCharacter(c, name[at], ignore_case)) return false;
      ++at;
    }
  }
  return at == name.size();
}

}  // namespace

bool IsNameInExpression(std::wstring_view expression, std::wstring_view name, bool ignore_case) {
  return Matches(expression, name, ignore_case);
}

}  // namespace simulator
