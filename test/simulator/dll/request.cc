#include "request.h"

#include "sync.h"
#include "volume.h"

namespace simulator {
namespace {

constexpr std::size_t kKept = 64;
// Memory of an unusually large read or write is given back.
constexpr std::size_t kLargestKept = 2 * 1024 * 1024;

// Never destroyed: when the process exits, threads may still be at work.
struct Pool {
  Mutex mutex;
  std::vector<Request*> free;
};

Pool& ThePool() {
  static Pool& pool = *new Pool;
  return pool;
}

}  // namespace

RequestPtr TakeRequest() {
  Pool& pool = ThePool();
  const Lock lock(pool.mutex);
  if (pool.free.empty()) return RequestPtr(new Request);
  Request* request = pool.free.back();
  pool.free.pop_back();
  return RequestPtr(request);
}

void ReturnRequest::operator()(Request* request) const {
  request->Reset();
  Pool& pool = ThePool();
  {
    const Lock lock(pool.mutex);
    if (pool.free.size() < kKept) {
      pool.free.push_back(request);
      return;
    }
  }
  delete request;
}

const Operations& Request::operations() const {
  return volume->operations();
}
const Options& Request::options() const {
  return volume->options();
}

void Request::Reset() {
  connection.reset();
  volume.reset();
  open.reset();
  info = {};
  never_completed = false;
  data_length = 0;
  answered = false;
  if (payload.capacity() > kLargestKept) std::vector<char>().swap(payload);
  if (data.size() > kLargestKept) std::vector<char>().swap(data);
}

void Request::Answer(NtStatus status) {
  if (answered.exchange(true)) return;
  reply.Number("status", static_cast<std::uint32_t>(status));
  reply.End();
  connection->Send(reply.text(), std::span<const char>(data.data(), data_length));
}

void Request::AnswerEarly(NtStatus status) {
  if (answered.exchange(true)) return;
  JsonWriter early;
  early.Begin();
  early.Number("id", static_cast<std::int64_t>(id));
  early.Number("status", static_cast<std::uint32_t>(status));
  early.End();
  connection->Send(early.text());
}

}  // namespace simulator
