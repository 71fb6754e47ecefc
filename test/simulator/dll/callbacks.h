// Calls into the file system, counted; and what may not be done while one runs.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_CALLBACKS_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_CALLBACKS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "dokan_abi.h"

namespace simulator {

// In the order of the structure.
enum class Callback : std::uint8_t {
  kZwCreateFile,
  kCleanup,
  kCloseFile,
  kReadFile,
  kWriteFile,
  kFlushFileBuffers,
  kGetFileInformation,
  kFindFiles,
  kFindFilesWithPattern,
  kSetFileAttributes,
  kSetFileTime,
  kDeleteFile,
  kDeleteDirectory,
  kMoveFile,
  kSetEndOfFile,
  kSetAllocationSize,
  kLockFile,
  kUnlockFile,
  kGetDiskFreeSpace,
  kGetVolumeInformation,
  kMounted,
  kUnmounted,
  kGetFileSecurity,
  kSetFileSecurity,
  kFindStreams,
};

constexpr std::size_t kCallbackCount = 25;

extern const std::array<const char*, kCallbackCount> kCallbackNames;
extern std::array<std::atomic<std::uint64_t>, kCallbackCount> callback_counts;

// Whether a callback runs on this thread.
bool InCallback();

class CallbackScope {
 public:
  explicit CallbackScope(Callback callback);
  ~CallbackScope();
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;
};

template <typename Result, typename... Parameters, typename... Arguments>
Result Call(Callback callback, Result(__stdcall* function)(Parameters...), Arguments... arguments) {
  const CallbackScope scope(callback);
  return function(arguments...);
}

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_CALLBACKS_H_
