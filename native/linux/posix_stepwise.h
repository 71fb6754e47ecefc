#pragma once

#include <sys/types.h>

#include <string_view>

namespace dokan {

// Opens a path component by component, following no symbolic link: for kernels without openat2, and
// where the path leads into another mount, which may be a volume that is not to be entered.
//
// Flags are openat2's (no unknown ones); the path neither starts with '/' nor has "..". Returns a
// descriptor or -errno, -ENOENT for a path that leads into a volume of this package.
int OpenStepwise(int directory, std::string_view path, int flags, mode_t mode);

}  // namespace dokan
