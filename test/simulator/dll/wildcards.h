// The library's own pattern matcher, mistakes included.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_WILDCARDS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_WILDCARDS_H_

#include <string_view>

namespace simulator {

bool IsNameInExpression(std::wstring_view expression, std::wstring_view name, bool ignore_case);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_WILDCARDS_H_
