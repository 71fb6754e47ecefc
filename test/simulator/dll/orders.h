// Takes what comes over a connection: orders of the driver go to their volume, those of the test
// bench are answered here.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_ORDERS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_ORDERS_H_

#include <memory>
#include <span>
#include <string_view>

#include "connection.h"

namespace simulator {

void HandleOrder(const std::shared_ptr<Connection>& connection, std::string_view json,
                 std::span<const char> payload);

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_ORDERS_H_
