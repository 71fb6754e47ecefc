#pragma once

#include <node_api.h>

namespace Napi {
class Env;
class Object;
}  // namespace Napi

namespace dokan {

// Puts the file functions on the addon's exports; lib/hosts/dokan/win32_files.ts documents them.
void ExportFileFunctions(Napi::Env env, Napi::Object exports);

// Each in the file named beside it. All are synchronous and run on the JS thread.

// win32_open.cc
napi_value OpenRootFunction(napi_env env, napi_callback_info info);
napi_value OpenFileFunction(napi_env env, napi_callback_info info);
napi_value CloseFileFunction(napi_env env, napi_callback_info info);

// win32_data.cc
napi_value ReadFileFunction(napi_env env, napi_callback_info info);
napi_value WriteFileFunction(napi_env env, napi_callback_info info);
napi_value FlushFileFunction(napi_env env, napi_callback_info info);
napi_value LockFileFunction(napi_env env, napi_callback_info info);
napi_value UnlockFileFunction(napi_env env, napi_callback_info info);

// win32_information.cc
napi_value QueryFileFunction(napi_env env, napi_callback_info info);
napi_value QueryPathFunction(napi_env env, napi_callback_info info);
napi_value SetBasicFunction(napi_env env, napi_callback_info info);
napi_value SetEndOfFileFunction(napi_env env, napi_callback_info info);
napi_value SetAllocationSizeFunction(napi_env env, napi_callback_info info);

// win32_names.cc
napi_value SetDeleteFunction(napi_env env, napi_callback_info info);
napi_value DeleteNowFunction(napi_env env, napi_callback_info info);
napi_value RenameFunction(napi_env env, napi_callback_info info);

// win32_listing.cc
napi_value ListDirectoryFunction(napi_env env, napi_callback_info info);
napi_value ListStreamsFunction(napi_env env, napi_callback_info info);

// win32_security.cc
napi_value GetSecurityFunction(napi_env env, napi_callback_info info);
napi_value SetSecurityFunction(napi_env env, napi_callback_info info);

// win32_volume.cc
napi_value QueryVolumeFunction(napi_env env, napi_callback_info info);
napi_value QuerySpaceFunction(napi_env env, napi_callback_info info);

}  // namespace dokan
