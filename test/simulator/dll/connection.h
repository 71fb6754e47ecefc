// One client of the simulator: frames in, frames out.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_CONNECTION_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_CONNECTION_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dokan_abi.h"
#include "sync.h"

namespace simulator {

class Connection {
 public:
  explicit Connection(SOCKET socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The next frame, on the thread that reads this connection. What it returns is valid until the
  // next call. False when the client has gone or sent what is no frame.
  bool Receive(std::string_view& json, std::span<const char>& payload);

  // Any thread. A client that has gone is not an error: nobody is left to be told.
  void Send(const std::string& json, std::span<const char> payload = {});

  // Makes a Receive in another thread return false.
  void Shutdown();

 private:
  bool Fill(std::size_t wanted);

  const SOCKET socket_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Mutex sending_;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_CONNECTION_H_
