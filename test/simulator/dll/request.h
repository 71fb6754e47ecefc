// One I/O request of the driver, from the order to its reply.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_REQUEST_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_REQUEST_H_

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connection.h"
#include "dokan_abi.h"
#include "json_object.h"
#include "json_writer.h"
#include "open_file.h"
#include "request_pool.h"

namespace simulator {

class Volume;
struct Operation;

struct Request {
  // The order.
  std::shared_ptr<Connection> connection;
  std::uint64_t id = 0;
  const Operation* operation = nullptr;
  JsonObject fields;
  std::vector<char> payload;

  // Its run on a thread of the volume.
  std::shared_ptr<Volume> volume;
  std::shared_ptr<OpenFile> open;
  std::wstring name;
  FileInfo info = {};
  // The callback that would have answered is absent, and the library then answers nothing.
  bool never_completed = false;

  // The reply.
  JsonWriter reply;
  std::vector<char> data;
  std::size_t data_length = 0;

  // Answered by whoever comes first: the callback, its time-out, or the end of the volume.
  std::atomic<bool> answered = false;

  // Guarded by the volume's mutex.
  ULONGLONG deadline = 0;
  Request* previous = nullptr;
  Request* next = nullptr;

  const Operations& operations() const;
  const Options& options() const;
  void Reset();
  // Sends the reply unless somebody has answered already.
  void Answer(NtStatus status);
  // The same without any of the fields the callback may be filling in at this moment.
  void AnswerEarly(NtStatus status);
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_REQUEST_H_
