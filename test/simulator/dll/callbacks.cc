#include "callbacks.h"

namespace simulator {
namespace {

thread_local int depth = 0;

}  // namespace

const std::array<const char*, kCallbackCount> kCallbackNames = {
    "ZwCreateFile",
    "Cleanup",
    "CloseFile",
    "ReadFile",
    "WriteFile",
    "FlushFileBuffers",
    "GetFileInformation",
    "FindFiles",
    "FindFilesWithPattern",
    "SetFileAttributes",
    "SetFileTime",
    "DeleteFile",
    "DeleteDirectory",
    "MoveFile",
    "SetEndOfFile",
    "SetAllocationSize",
    "LockFile",
    "UnlockFile",
    "GetDiskFreeSpace",
    "GetVolumeInformation",
    "Mounted",
    "Unmounted",
    "GetFileSecurity",
    "SetFileSecurity",
    "FindStreams",
};

std::array<std::atomic<std::uint64_t>, kCallbackCount> callback_counts;

bool InCallback() {
  return depth > 0;
}

CallbackScope::CallbackScope(Callback callback) {
  callback_counts[static_cast<std::size_t>(callback)].fetch_add(1, std::memory_order_relaxed);
  ++depth;
}

CallbackScope::~CallbackScope() {
  --depth;
}

}  // namespace simulator
