// Listens on 127.0.0.1 and reads every connection on a thread of its own.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_SERVER_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"
#include "sync.h"

namespace simulator {

class Server {
 public:
  using Handler = std::function<void(const std::shared_ptr<Connection>&, std::string_view json,
                                     std::span<const char> payload)>;

  explicit Server(Handler handler) : handler_(std::move(handler)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With port 0 on a free one. The number goes into the file, if one is named.
  // False, with a line on stderr, when it cannot.
  bool Start(std::uint16_t wanted, const std::string& port_file);
  // Ends all connections and joins all threads; not from one of them.
  void Stop();

 private:
  struct Client {
    std::shared_ptr<Connection> connection;
    std::unique_ptr<Thread> reader;
  };

  void Accept();
  void Read(const std::shared_ptr<Connection>& connection);

  const Handler handler_;
  SOCKET listening_ = INVALID_SOCKET;
  std::unique_ptr<Thread> accepting_;
  Mutex mutex_;
  std::vector<Client> clients_;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_SERVER_H_
