#pragma once

#include <string>

namespace dokan {

// Ends a connection through the kernel's control file system (fusectl): every request fails with
// ECONNABORTED, whoever waits. `device_number` as in mountinfo, "0:45". Allowed to root and to the
// user who mounted; without effect for others.
void AbortConnection(const std::string& device_number);

}  // namespace dokan
