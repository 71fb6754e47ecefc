#include "node_arguments.h"

#include <bit>

namespace dokan {

NodeArguments::NodeArguments(napi_env env, napi_callback_info info) : CallArguments(env, info) {
  void* self = nullptr;
  if (!failed() && napi_unwrap(env, this->self(), &self) == napi_ok) {
    nodes_ = static_cast<SharedNodes*>(self);
  }
}

std::u16string NodeArguments::Text(size_t index) {
  size_t length = 0;
  if (napi_get_value_string_utf16(env(), value(index), nullptr, 0, &length) != napi_ok) {
    Refuse(index, "name", "a string");
    return {};
  }
  std::u16string text(length, u'\0');
  napi_get_value_string_utf16(env(), value(index), text.data(), length + 1, &length);
  return text;
}

Identity NodeArguments::Number(size_t index) {
  Identity identity;
  double number = 0;
  if (IsUndefined(index)) {
    return identity;
  }
  if (napi_get_value_double(env(), value(index), &number) == napi_ok) {
    return {Identity::Kind::kNumber, std::bit_cast<uint64_t>(number)};
  }
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env(), value(index), &identity.bits, &lossless) != napi_ok) {
    Refuse(index, "identity", "a number or a bigint");
    return {};
  }
  identity.kind = Identity::Kind::kBigInt;
  return identity;
}

napi_value NodeArguments::Answer(NodeKey key) const {
  results()[0] = key.generation;
  return dokan::Number(env(), key.id);
}

void NodeArguments::NoteUntold(NodeKey key) const {
  if (key.valid() && untold() != nullptr) {
    untold()->Add(key);
  }
}

}  // namespace dokan
