#include "connection.h"

#include <cstring>

namespace simulator {
namespace {

constexpr std::size_t kInitialBuffer = 256 * 1024;
// Far above anything a driver asks for: a length beyond it is a client gone astray.
constexpr std::uint32_t kLargestFrame = 64 * 1024 * 1024;

std::uint32_t ReadLength(const char* at) {
  std::uint32_t length = 0;
  std::memcpy(&length, at, sizeof length);
  return length;
}

}  // namespace

Connection::Connection(SOCKET socket) : socket_(socket), buffer_(kInitialBuffer) {
  const BOOL on = TRUE;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
}

Connection::~Connection() {
  closesocket(socket_);
}

// Takes as much as has arrived, not only what is wanted: a burst of orders is one system call.
bool Connection::Fill(std::size_t wanted) {
  if (end_ - begin_ >= wanted) return true;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  while (end_ < wanted) {
    const int got =
        recv(socket_, buffer_.data() + end_, static_cast<int>(buffer_.size() - end_), 0);
    if (got <= 0) return false;
    end_ += static_cast<std::size_t>(got);
  }
  return true;
}

bool Connection::Receive(std::string_view& json, std::span<const char>& payload) {
  if (!Fill(8)) return false;
  const std::uint32_t length = ReadLength(buffer_.data() + begin_);
  const std::uint32_t json_length = ReadLength(buffer_.data() + begin_ + 4);
  if (length > kLargestFrame || length < 4 || json_length > length - 4) return false;
  if (!Fill(std::size_t{4} + length)) return false;
  const char* body = buffer_.data() + begin_ + 8;
  json = {body, json_length};
  payload = {body + json_length, length - 4 - json_length};
  begin_ += std::size_t{4} + length;
  return true;
}

void Connection::Send(const std::string& json, std::span<const char> payload) {
  const auto json_length = static_cast<std::uint32_t>(json.size());
  std::uint32_t header[2] = {4 + json_length + static_cast<std::uint32_t>(payload.size()),
                             json_length};
  WSABUF parts[3] = {{sizeof header, reinterpret_cast<char*>(header)},
                     {json_length, const_cast<char*>(json.data())},
                     {static_cast<ULONG>(payload.size()), const_cast<char*>(payload.data())}};
  const Lock lock(sending_);
  WSABUF* next = parts;
  DWORD count = payload.empty() ? 2 : 3;
  while (count > 0) {
    DWORD sent = 0;
    if (WSASend(socket_, next, count, &sent, 0, nullptr, nullptr) != 0) return;
    while (count > 0 && sent >= next->len) {
      sent -= next->len;
      ++next;
      --count;
    }
    if (count > 0) {
      next->buf += sent;
      next->len -= sent;
    }
  }
}

void Connection::Shutdown() {
  shutdown(socket_, SD_BOTH);
}

}  // namespace simulator
