#pragma once

#include <napi.h>

namespace dokan {

// The exported functions that mount and unmount. Each returns a promise, which wrong
// arguments reject with a TypeError.
Napi::Value MountDirectFunction(const Napi::CallbackInfo& info);
Napi::Value MountWithHelperFunction(const Napi::CallbackInfo& info);
Napi::Value SyncFileSystemFunction(const Napi::CallbackInfo& info);
Napi::Value UniqueMountIdFunction(const Napi::CallbackInfo& info);
Napi::Value ListedMountIdFunction(const Napi::CallbackInfo& info);
Napi::Value ProbeVolumeFunction(const Napi::CallbackInfo& info);
Napi::Value AbortConnectionFunction(const Napi::CallbackInfo& info);
Napi::Value UnmountDirectFunction(const Napi::CallbackInfo& info);
Napi::Value UnmountWithHelperFunction(const Napi::CallbackInfo& info);

}  // namespace dokan
