#include "tokens.h"

#include <winternl.h>

#include <utility>
#include <vector>

#include "sync.h"

namespace simulator {
namespace {

constexpr std::uint32_t kUnset = 0xffffffff;

struct Tokens {
  Mutex mutex;
  std::uint32_t session = kUnset;
  std::wstring user;
  std::uint64_t handed_out = 0;
  // Our own handle to each token handed out: how many others there are tells whether the receiver
  // has closed his, which the number of his handle alone could not, for numbers are used again.
  std::vector<HANDLE> own;
};

Tokens& TheTokens() {
  static Tokens& tokens = *new Tokens;
  return tokens;
}

// The beginning of OBJECT_BASIC_INFORMATION.
struct BasicInformation {
  ULONG attributes;
  ACCESS_MASK access;
  ULONG handle_count;
  ULONG reserved[11];
};

ULONG HandleCount(HANDLE handle) {
  BasicInformation information = {};
  ULONG length = 0;
  if (NtQueryObject(handle, ObjectBasicInformation, &information, sizeof information, &length) <
      0) {
    return 0;
  }
  return information.handle_count;
}

HANDLE MakeToken() {
  HANDLE process = nullptr;
  if (OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &process) == 0) {
    return nullptr;
  }
  HANDLE token = nullptr;
  DuplicateTokenEx(process, MAXIMUM_ALLOWED, nullptr, SecurityImpersonation, TokenImpersonation,
                   &token);
  CloseHandle(process);
  return token;
}

}  // namespace

void SetSession(std::uint32_t session, std::wstring user) {
  Tokens& tokens = TheTokens();
  const Lock lock(tokens.mutex);
  tokens.session = session;
  tokens.user = std::move(user);
}

std::uint32_t SessionOfTokens() {
  Tokens& tokens = TheTokens();
  const Lock lock(tokens.mutex);
  return tokens.session;
}

std::wstring UserOfTokens() {
  Tokens& tokens = TheTokens();
  const Lock lock(tokens.mutex);
  return tokens.user;
}

HANDLE OpenToken() {
  const HANDLE token = MakeToken();
  if (token == nullptr) return INVALID_HANDLE_VALUE;
  Tokens& tokens = TheTokens();
  const Lock lock(tokens.mutex);
  if (tokens.session != kUnset) {
    DWORD session = tokens.session;
    // Wine takes no notice; Windows wants a privilege for it.
    SetTokenInformation(token, TokenSessionId, &session, sizeof session);
  }
  HANDLE own = nullptr;
  if (DuplicateHandle(GetCurrentProcess(), token, GetCurrentProcess(), &own, 0, FALSE,
                      DUPLICATE_SAME_ACCESS) != 0) {
    tokens.own.push_back(own);
  }
  ++tokens.handed_out;
  return token;
}

TokenCounts CountTokens() {
  Tokens& tokens = TheTokens();
  const Lock lock(tokens.mutex);
  std::erase_if(tokens.own, [](HANDLE own) {
    if (HandleCount(own) > 1) return false;
    CloseHandle(own);
    return true;
  });
  return {tokens.handed_out, tokens.own.size()};
}

}  // namespace simulator
