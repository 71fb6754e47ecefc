#pragma once

#include <napi.h>

#include "volume_instance.h"

namespace dokan {

// NativeMountOptions of lib/hosts/dokan/native.ts. Throws a TypeError.
MountOptions ReadMountOptions(const Napi::Value& value);

// Microseconds.
uint32_t ReadPollTime(const Napi::Object& options);

// Milliseconds; RequestQueue::kNever for Infinity.
uint64_t ReadOperationTimeout(const Napi::Object& options);

// undefined, or a path.
std::optional<std::wstring> ReadOptionalText(const Napi::Value& value, const char* name);

}  // namespace dokan
