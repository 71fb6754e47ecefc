#pragma once

#include <node_api.h>

namespace dokan {

// The exported POSIX functions, each in the file named beside it. All are synchronous, run on the
// JS thread and return >= 0 (or the value asked for), or -errno.

// posix_files.cc
napi_value OpenBeneathFunction(napi_env env, napi_callback_info info);
napi_value ReadLinkBeneath(napi_env env, napi_callback_info info);
napi_value Fallocate(napi_env env, napi_callback_info info);
napi_value Seek(napi_env env, napi_callback_info info);
napi_value UseOpenat2Function(napi_env env, napi_callback_info info);

// posix_entries.cc
napi_value UnlinkBeneath(napi_env env, napi_callback_info info);
napi_value MakeDirectoryBeneath(napi_env env, napi_callback_info info);
napi_value SymlinkBeneath(napi_env env, napi_callback_info info);
napi_value LinkBeneath(napi_env env, napi_callback_info info);
napi_value RenameBeneath(napi_env env, napi_callback_info info);
napi_value MakeNodeBeneath(napi_env env, napi_callback_info info);

// posix_removal.cc
napi_value CheckUnlinkBeneath(napi_env env, napi_callback_info info);

// posix_status.cc
napi_value StatBeneath(napi_env env, napi_callback_info info);
napi_value StatEntry(napi_env env, napi_callback_info info);
napi_value StatDescriptor(napi_env env, napi_callback_info info);
napi_value ChangeModeBeneath(napi_env env, napi_callback_info info);
napi_value ChangeOwnerBeneath(napi_env env, napi_callback_info info);
napi_value SetTimesBeneath(napi_env env, napi_callback_info info);
napi_value SetTimesDescriptor(napi_env env, napi_callback_info info);

// posix_xattr.cc
napi_value GetXattr(napi_env env, napi_callback_info info);
napi_value SetXattr(napi_env env, napi_callback_info info);
napi_value ListXattr(napi_env env, napi_callback_info info);
napi_value RemoveXattr(napi_env env, napi_callback_info info);

// posix_directory.cc
napi_value ReadDirectory(napi_env env, napi_callback_info info);

}  // namespace dokan
