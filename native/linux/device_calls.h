#pragma once

#include <node_api.h>

#include <cstdint>
#include <span>

#include "arguments.h"
#include "device_io.h"
#include "raw_method.h"

namespace dokan {

// The hot functions of the JavaScript classes for devices: plain Node-API, no allocation, no C++
// exceptions. A Device has `Receive` for the next request, and `Send` for the parts of one reply
// (an empty body for a reply in one piece), both as the functions of device_io.h.
template <typename Device>
struct DeviceCalls {
  // receive(buffer, spinMicroseconds)
  static napi_value Receive(napi_env env, napi_callback_info info) {
    Arguments arguments(env, info);
    const std::span<uint8_t> buffer = arguments.Bytes(0, "buffer");
    const int64_t spin = arguments.Int64(1, "spinMicroseconds");
    auto* const device = ObjectOf<Device>(arguments);
    return device == nullptr ? nullptr : Number(env, ReceiveTo(*device, buffer, spin));
  }

  // send(reply, length)
  static napi_value Send(napi_env env, napi_callback_info info) {
    Arguments arguments(env, info);
    const std::span<uint8_t> reply = arguments.Bytes(0, "reply");
    const int64_t length = arguments.Int64(1, "length");
    auto* const device = ObjectOf<Device>(arguments);
    return device == nullptr ? nullptr : Number(env, SendWhole(*device, reply, length));
  }

  // exchange(reply, length, buffer, spinMicroseconds)
  static napi_value Exchange(napi_env env, napi_callback_info info) {
    Arguments arguments(env, info);
    const std::span<uint8_t> reply = arguments.Bytes(0, "reply");
    const int64_t length = arguments.Int64(1, "length");
    const std::span<uint8_t> buffer = arguments.Bytes(2, "buffer");
    const int64_t spin = arguments.Int64(3, "spinMicroseconds");
    auto* const device = ObjectOf<Device>(arguments);
    if (device == nullptr) {
      return nullptr;
    }
    const int64_t sent = SendWhole(*device, reply, length);
    return Number(env, sent != 0 ? kNotSent + sent : ReceiveTo(*device, buffer, spin));
  }

  // sendParts(head, headLength, body, bodyLength)
  static napi_value SendParts(napi_env env, napi_callback_info info) {
    Arguments arguments(env, info);
    const std::span<uint8_t> head = arguments.Bytes(0, "head");
    const int64_t head_length = arguments.Int64(1, "headLength");
    const std::span<uint8_t> body = arguments.Bytes(2, "body");
    const int64_t body_length = arguments.Int64(3, "bodyLength");
    auto* const device = ObjectOf<Device>(arguments);
    if (device == nullptr) {
      return nullptr;
    }
    return Number(env, SendBoth(*device, head, head_length, body, body_length));
  }

  // exchangeParts(head, headLength, body, bodyLength, buffer, spinMicroseconds)
  static napi_value ExchangeParts(napi_env env, napi_callback_info info) {
    Arguments arguments(env, info);
    const std::span<uint8_t> head = arguments.Bytes(0, "head");
    const int64_t head_length = arguments.Int64(1, "headLength");
    const std::span<uint8_t> body = arguments.Bytes(2, "body");
    const int64_t body_length = arguments.Int64(3, "bodyLength");
    const std::span<uint8_t> buffer = arguments.Bytes(4, "buffer");
    const int64_t spin = arguments.Int64(5, "spinMicroseconds");
    auto* const device = ObjectOf<Device>(arguments);
    if (device == nullptr) {
      return nullptr;
    }
    const int64_t sent = SendBoth(*device, head, head_length, body, body_length);
    return Number(env, sent != 0 ? kNotSent + sent : ReceiveTo(*device, buffer, spin));
  }

 private:
  static int64_t ReceiveTo(Device& device, std::span<uint8_t> buffer, int64_t spin) {
    const int64_t wrong = CheckLength(buffer, 0);
    return wrong != 0 ? wrong : device.Receive(buffer, spin);
  }

  static int64_t SendWhole(Device& device, std::span<const uint8_t> reply, int64_t length) {
    const int64_t wrong = CheckLength(reply, length);
    return wrong != 0 ? wrong : device.Send(reply.first(static_cast<size_t>(length)), {});
  }

  static int64_t SendBoth(Device& device, std::span<const uint8_t> head, int64_t head_length,
                          std::span<const uint8_t> body, int64_t body_length) {
    int64_t wrong = CheckLength(head, head_length);
    // An empty body has no memory, and that is not the same as a detached one.
    if (wrong == 0 && (body_length != 0 || body.data() != nullptr)) {
      wrong = CheckLength(body, body_length);
    }
    return wrong != 0 ? wrong
                      : device.Send(head.first(static_cast<size_t>(head_length)),
                                    body.first(static_cast<size_t>(body_length)));
  }
};

}  // namespace dokan
