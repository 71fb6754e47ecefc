#include "file_functions.h"

#include <napi.h>

#include <memory>

#include "environment.h"
#include "file_table.h"

namespace dokan {
namespace {

struct Row {
  const char* name;
  napi_callback function;
};

constexpr Row kRows[] = {
    {"openRoot", OpenRootFunction},
    {"openFile", OpenFileFunction},
    {"closeFile", CloseFileFunction},
    {"readFile", ReadFileFunction},
    {"writeFile", WriteFileFunction},
    {"flushFile", FlushFileFunction},
    {"lockFile", LockFileFunction},
    {"unlockFile", UnlockFileFunction},
    {"queryFile", QueryFileFunction},
    {"queryPath", QueryPathFunction},
    {"setBasic", SetBasicFunction},
    {"setEndOfFile", SetEndOfFileFunction},
    {"setAllocationSize", SetAllocationSizeFunction},
    {"setDelete", SetDeleteFunction},
    {"deleteNow", DeleteNowFunction},
    {"renameFile", RenameFunction},
    {"listDirectory", ListDirectoryFunction},
    {"listStreams", ListStreamsFunction},
    {"getSecurity", GetSecurityFunction},
    {"setSecurity", SetSecurityFunction},
    {"queryVolume", QueryVolumeFunction},
    {"querySpace", QuerySpaceFunction},
};

}  // namespace

// The table belongs to the environment, and ends with it: every handle is closed then, also when
// process.exit or the end of a Worker leaves JavaScript no time to.
void ExportFileFunctions(Napi::Env env, Napi::Object exports) {
  auto table = std::make_unique<FileTable>();
  NAPI_THROW_IF_FAILED_VOID(
      env, napi_add_env_cleanup_hook(
               env, [](void* data) { delete static_cast<FileTable*>(data); }, table.get()));
  FileTable* const owned = table.release();
  AddonEnvironment::Of(env).set_files(owned);
  for (const Row& row : kRows) {
    napi_value value = nullptr;
    NAPI_THROW_IF_FAILED_VOID(
        env, napi_create_function(env, row.name, NAPI_AUTO_LENGTH, row.function, owned, &value));
    exports.Set(row.name, value);
  }
}

}  // namespace dokan
