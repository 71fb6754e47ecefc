// The requestor's token, and whether those handed out were closed.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_TOKENS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_TOKENS_H_

#include <cstdint>
#include <string>

#include "dokan_abi.h"

namespace simulator {

struct TokenCounts {
  std::uint64_t handed_out = 0;
  std::uint64_t open = 0;
};

// Whose token is handed out next. Every token is this process's own user in its own session in
// truth; Windows lets nobody make up another. What was ordered is set where it can be.
void SetSession(std::uint32_t session, std::wstring user);
std::uint32_t SessionOfTokens();
std::wstring UserOfTokens();

HANDLE OpenToken();
TokenCounts CountTokens();

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_TOKENS_H_
