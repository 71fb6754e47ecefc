#include "server.h"

#include <cstdio>
#include <string>
#include <utility>

namespace simulator {
namespace {

// Written under another name first: whoever waits for the file never reads half a number.
bool WritePortFile(const std::string& path, unsigned port) {
  const std::string unfinished = path + ".new";
  std::FILE* file = std::fopen(unfinished.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fprintf(file, "%u\n", port) > 0;
  if (std::fclose(file) != 0 || !written) return false;
  return MoveFileExA(unfinished.c_str(), path.c_str(), MOVEFILE_REPLACE_EXISTING) != 0;
}

bool Complain(const char* what) {
  std::fprintf(stderr, "dokan simulator: %s failed with %d\n", what, WSAGetLastError());
  std::fflush(stderr);
  return false;
}

}  // namespace

bool Server::Start(std::uint16_t wanted, const std::string& port_file) {
  WSADATA data;
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return Complain("WSAStartup");
  listening_ = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  if (listening_ == INVALID_SOCKET) return Complain("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(wanted);
  if (bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Complain("bind");
  }
  if (listen(listening_, SOMAXCONN) != 0) return Complain("listen");
  int length = sizeof address;
  if (getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return Complain("getsockname");
  }
  accepting_ = std::make_unique<Thread>([this] { Accept(); });
  if (!port_file.empty() && !WritePortFile(port_file, ntohs(address.sin_port))) {
    return Complain("writing the port file");
  }
  return true;
}

void Server::Accept() {
  for (;;) {
    const SOCKET accepted = accept(listening_, nullptr, nullptr);
    if (accepted == INVALID_SOCKET) return;
    auto connection = std::make_shared<Connection>(accepted);
    const Lock lock(mutex_);
    clients_.push_back(
        {connection, std::make_unique<Thread>([this, connection] { Read(connection); })});
  }
}

void Server::Read(const std::shared_ptr<Connection>& connection) {
  std::string_view json;
  std::span<const char> payload;
  while (connection->Receive(json, payload)) handler_(connection, json, payload);
}

void Server::Stop() {
  if (listening_ != INVALID_SOCKET) {
    // A blocking accept does not return for closesocket alone under Wine.
    shutdown(listening_, SD_BOTH);
    closesocket(listening_);
    listening_ = INVALID_SOCKET;
  }
  if (accepting_) accepting_->Join();
  accepting_.reset();
  std::vector<Client> clients;
  {
    const Lock lock(mutex_);
    clients.swap(clients_);
  }
  for (Client& client : clients) client.connection->Shutdown();
  for (Client& client : clients) client.reader->Join();
  WSACleanup();
}

}  // namespace simulator
