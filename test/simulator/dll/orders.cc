#include "orders.h"

#include <array>
#include <string>

#include "callbacks.h"
#include "dispatch.h"
#include "driver.h"
#include "faults.h"
#include "nt_status.h"
#include "process_counts.h"
#include "tokens.h"

namespace simulator {
namespace {

using BenchHandler = NtStatus (*)(const JsonObject& order, JsonWriter& reply);

void WriteDriverView(JsonWriter& reply, const DriverView& view) {
  reply.BeginObject("driverSees");
  reply.Number("deviceType", view.device_type);
  reply.Text("mountPoint", view.mount_point);
  reply.Number("options", view.options);
  reply.Number("securityDescriptorLength", view.security_descriptor_length);
  reply.Number("timeout", view.timeout);
  reply.Text("uncName", view.unc_name);
  reply.EndObject();
}

NtStatus Mounts(const JsonObject&, JsonWriter& reply) {
  reply.BeginArray("volumes");
  for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
    if (!volume->mounted()) continue;
    reply.BeginObject();
    reply.Number("volume", static_cast<std::int64_t>(volume->id()));
    reply.Text("mountPoint", volume->mount_point());
    reply.Text("uncName", volume->driver_view().unc_name);
    reply.Text("deviceName", volume->device_name());
    reply.Number("sessionId", volume->session_id());
    reply.Number("options", volume->options().options);
    reply.Number("timeout", volume->timeout());
    reply.Number("allocationUnitSize", volume->options().allocation_unit_size);
    reply.Number("sectorSize", volume->options().sector_size);
    reply.Number("threads", static_cast<std::int64_t>(volume->thread_count()));
    WriteDriverView(reply, volume->driver_view());
    reply.EndObject();
  }
  reply.EndArray();
  return status::kSuccess;
}

NtStatus UnmountOutside(const JsonObject& order, JsonWriter&) {
  return RemoveMountPoint(order.Text("mountPoint")) ? status::kSuccess : status::kNotFound;
}

NtStatus Expire(const JsonObject& order, JsonWriter&) {
  const std::uint64_t id = order.Unsigned("order");
  for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
    if (volume->Expire(id)) return status::kSuccess;
  }
  return status::kNotFound;
}

NtStatus Timeouts(const JsonObject&, JsonWriter& reply) {
  reply.BeginArray("resets");
  for (const TimeoutReset& reset : Driver::Get().Resets()) {
    reply.BeginObject();
    reply.Number("order", static_cast<std::int64_t>(reset.order));
    reply.Number("milliseconds", reset.milliseconds);
    reply.EndObject();
  }
  reply.EndArray();
  return status::kSuccess;
}

NtStatus Notifications(const JsonObject&, JsonWriter& reply) {
  reply.BeginArray("notifications");
  for (const Notification& notification : Driver::Get().Notifications()) {
    reply.BeginObject();
    reply.Number("volume", static_cast<std::int64_t>(notification.volume));
    reply.Number("action", notification.action);
    reply.Number("filter", notification.filter);
    reply.Text("path", notification.path);
    reply.EndObject();
  }
  reply.EndArray();
  return status::kSuccess;
}

NtStatus Session(const JsonObject& order, JsonWriter&) {
  SetSession(order.Word("sessionId"), order.Text("user"));
  return status::kSuccess;
}

NtStatus Fail(const JsonObject& order, JsonWriter&) {
  const std::wstring& wide = order.Text("call");
  if (wide.empty()) return status::kInvalidParameter;
  std::string call;
  for (const wchar_t unit : wide) call.push_back(static_cast<char>(unit));
  AddFault(call, order.Integer("result"), order.Flag("always"), order.Word("lastError"));
  return status::kSuccess;
}

NtStatus Counters(const JsonObject&, JsonWriter& reply) {
  reply.BeginObject("callbacks");
  for (std::size_t i = 0; i < kCallbackCount; ++i) {
    const std::uint64_t count = callback_counts[i];
    if (count > 0) reply.Number(kCallbackNames[i], static_cast<std::int64_t>(count));
  }
  reply.EndObject();
  std::size_t opens = 0;
  std::size_t threads = 0;
  std::size_t requests = 0;
  for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
    opens += volume->CountOpens();
    threads += volume->CountThreads();
    requests += volume->CountRequests();
  }
  const TokenCounts tokens = CountTokens();
  reply.Number("opens", static_cast<std::int64_t>(opens));
  reply.Number("threads", static_cast<std::int64_t>(threads));
  reply.Number("requests", static_cast<std::int64_t>(requests));
  reply.Number("tokensHandedOut", static_cast<std::int64_t>(tokens.handed_out));
  reply.Number("tokensOpen", static_cast<std::int64_t>(tokens.open));
  reply.Number("tokenSession", SessionOfTokens());
  reply.Text("tokenUser", UserOfTokens());
  reply.BeginArray("misuses");
  for (const std::wstring& misuse : Driver::Get().Misuses()) reply.TextElement(misuse);
  reply.EndArray();
  return status::kSuccess;
}

NtStatus Process(const JsonObject&, JsonWriter& reply) {
  const ProcessCounts counts = CountOfProcess();
  reply.Number("handles", static_cast<std::int64_t>(counts.handles));
  reply.Number("threads", static_cast<std::int64_t>(counts.threads));
  return status::kSuccess;
}

struct BenchOrder {
  const wchar_t* name;
  BenchHandler handler;
};

constexpr std::array<BenchOrder, 9> kBenchOrders = {{
    {L"mounts", &Mounts},
    {L"unmountOutside", &UnmountOutside},
    {L"expire", &Expire},
    {L"timeouts", &Timeouts},
    {L"notifications", &Notifications},
    {L"session", &Session},
    {L"fail", &Fail},
    {L"counters", &Counters},
    {L"process", &Process},
}};

// The volume an order names; the only one when it names none.
std::shared_ptr<Volume> VolumeOf(const JsonObject& order) {
  if (order.Has("volume")) return Driver::Get().Find(order.Unsigned("volume"));
  std::shared_ptr<Volume> only;
  for (const std::shared_ptr<Volume>& volume : Driver::Get().Volumes()) {
    if (!volume->mounted()) continue;
    if (only) return nullptr;
    only = volume;
  }
  return only;
}

void HandleBenchOrder(Request& request, const std::wstring& name) {
  request.reply.Begin();
  request.reply.Number("id", static_cast<std::int64_t>(request.id));
  for (const BenchOrder& order : kBenchOrders) {
    if (name == order.name) {
      request.Answer(order.handler(request.fields, request.reply));
      return;
    }
  }
  request.reply.Text("error", L"no such order: " + name);
  request.Answer(status::kNotImplemented);
}

}  // namespace

void HandleOrder(const std::shared_ptr<Connection>& connection, std::string_view json,
                 std::span<const char> payload) {
  RequestPtr request = TakeRequest();
  request->connection = connection;
  if (!request->fields.Parse(json)) {
    // Without an id there is nobody to tell but the connection itself.
    connection->Shutdown();
    return;
  }
  request->id = request->fields.Unsigned("id");
  const std::wstring& name = request->fields.Text("op");
  request->operation = FindOperation(name);
  if (request->operation == nullptr) {
    HandleBenchOrder(*request, name);
    return;
  }
  request->payload.assign(payload.begin(), payload.end());
  const std::shared_ptr<Volume> volume = VolumeOf(request->fields);
  if (!volume || !volume->Enqueue(request)) request->AnswerEarly(status::kNoSuchDevice);
}

}  // namespace simulator
