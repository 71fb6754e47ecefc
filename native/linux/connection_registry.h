#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "fuse_connection.h"

namespace dokan {

// Every connection of the process, for its exit: process.exit() and an uncaught exception run no
// environment clean-up hooks, only atexit handlers. Used from every thread; never destroyed,
// because threads of ours may still run while the process's statics are.
class ConnectionRegistry {
 public:
  static ConnectionRegistry& Get();

  // Around every mount operation, on its thread: the exit waits for what is between the two calls.
  void BeginMount();
  // `connection` is null when mounting failed. False: the process is ending, and the connection has
  // been torn down.
  bool EndMount(const std::shared_ptr<FuseConnection>& connection);

  void Remove(const std::shared_ptr<FuseConnection>& connection);

 private:
  ConnectionRegistry();
  void AtExit();

  const int process_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<FuseConnection>> connections_;
  int mounting_ = 0;
  bool exiting_ = false;
};

}  // namespace dokan
