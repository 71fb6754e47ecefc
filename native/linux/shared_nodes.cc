#include "shared_nodes.h"

#include <bit>
#include <string>
#include <utility>

#include "arguments.h"
#include "environment.h"
#include "javascript_values.h"

namespace dokan {
namespace {

using Store = std::shared_ptr<NodeStore>;

// The arguments of one call, and the store it is about.
class NodeArguments : public CallArguments {
 public:
  NodeArguments(napi_env env, napi_callback_info info) : CallArguments(env, info) {
    void* self = nullptr;
    if (!failed() && napi_unwrap(env, this->self(), &self) == napi_ok) {
      nodes_ = static_cast<SharedNodes*>(self);
    }
  }

  bool bad() const { return failed() || nodes_ == nullptr; }
  NodeStore& store() const { return nodes_->store(); }
  double* results() const { return nodes_->results(); }

  // Two arguments: the number and the generation.
  NodeKey Key(size_t index) { return {Uint32(index, "id"), Uint32(index + 1, "generation")}; }

  std::u16string Text(size_t index) {
    size_t length = 0;
    if (napi_get_value_string_utf16(env(), value(index), nullptr, 0, &length) != napi_ok) {
      Refuse(index, "name", "a string");
      return {};
    }
    std::u16string text(length, u'\0');
    napi_get_value_string_utf16(env(), value(index), text.data(), length + 1, &length);
    return text;
  }

  Identity Number(size_t index) {
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

  // The number, with the generation beside it.
  napi_value Answer(NodeKey key) const {
    results()[0] = key.generation;
    return dokan::Number(env(), key.id);
  }

 private:
  SharedNodes* nodes_ = nullptr;
};

napi_value Text(napi_env env, const std::u16string& text) {
  napi_value value = nullptr;
  napi_create_string_utf16(env, text.data(), text.size(), &value);
  return value;
}

napi_value Find(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const int64_t id = arguments.Int64(0, "id");
  if (arguments.bad()) {
    return nullptr;
  }
  const bool possible = id > 0 && id <= UINT32_MAX;
  const auto key =
      possible ? arguments.store().Find(static_cast<uint32_t>(id)) : std::optional<NodeKey>();
  return Number(env, key ? int64_t{key->generation} : -1);
}

napi_value Child(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  return arguments.bad() ? nullptr : arguments.Answer(arguments.store().Child(parent, name));
}

napi_value Children(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  if (arguments.bad()) {
    return nullptr;
  }
  napi_value array = nullptr;
  napi_create_array(env, &array);
  uint32_t index = 0;
  for (const std::u16string& name : arguments.store().Children(parent)) {
    napi_set_element(env, array, index++, Text(env, name));
  }
  return array;
}

napi_value Path(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  auto epoch = static_cast<uint64_t>(arguments.Int64(2, "epoch"));
  if (arguments.bad()) {
    return nullptr;
  }
  const auto path = arguments.store().Path(key, &epoch);
  arguments.results()[0] = static_cast<double>(epoch);
  return path ? Text(env, *path) : nullptr;
}

napi_value Place(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  if (arguments.bad()) {
    return nullptr;
  }
  const auto place = arguments.store().Place(key);
  if (!place) {
    return nullptr;
  }
  arguments.results()[0] = place->first.generation;
  arguments.results()[1] = place->first.id;
  return Text(env, place->second);
}

napi_value SuccessorOf(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  return arguments.bad() ? nullptr : arguments.Answer(arguments.store().SuccessorOf(key));
}

napi_value Inode(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  if (arguments.bad()) {
    return nullptr;
  }
  const Identity inode = arguments.store().Inode(key);
  napi_value value = nullptr;
  if (inode.kind == Identity::Kind::kNumber) {
    napi_create_double(env, std::bit_cast<double>(inode.bits), &value);
  } else if (inode.kind == Identity::Kind::kBigInt) {
    napi_create_bigint_uint64(env, inode.bits, &value);
  }
  return value;
}

napi_value SetInode(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const Identity inode = arguments.Number(2);
  if (!arguments.bad()) {
    arguments.store().SetInode(key, inode);
  }
  return nullptr;
}

napi_value Mode(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  return arguments.bad() ? nullptr : Number(env, arguments.store().Mode(key));
}

napi_value SetMode(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const uint32_t mode = arguments.Uint32(2, "mode");
  if (!arguments.bad()) {
    arguments.store().SetMode(key, mode);
  }
  return nullptr;
}

napi_value Lookups(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  return arguments.bad() ? nullptr
                         : Number(env, static_cast<int64_t>(arguments.store().Lookups(key)));
}

napi_value Remains(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  if (arguments.bad()) {
    return nullptr;
  }
  const auto remains = arguments.store().Remains(key);
  return remains.empty() ? nullptr : BytesToJavaScript(env, remains.data(), remains.size());
}

napi_value SetRemains(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const std::span<uint8_t> bytes = arguments.Bytes(2, "remains");
  if (!arguments.bad()) {
    arguments.store().SetRemains(key, {bytes.begin(), bytes.end()});
  }
  return nullptr;
}

napi_value Size(napi_env env, napi_callback_info info) {
  const NodeArguments arguments(env, info);
  return arguments.bad() ? nullptr : Number(env, static_cast<int64_t>(arguments.store().size()));
}

napi_value Enter(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  const NodeDescription description = {
      .inode = arguments.Number(3),
      .birth = arguments.Number(4),
      .links = arguments.Int64(5, "links"),
      .mode = arguments.Uint32(6, "mode"),
  };
  return arguments.bad() ? nullptr
                         : arguments.Answer(arguments.store().Enter(parent, name, description));
}

napi_value Describe(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const NodeDescription description = {
      .inode = {},
      .birth = arguments.Number(2),
      .links = arguments.Int64(3, "links"),
  };
  if (!arguments.bad()) {
    arguments.store().Describe(key, description);
  }
  return nullptr;
}

napi_value Know(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  if (!arguments.bad()) {
    arguments.store().Know(key);
  }
  return nullptr;
}

napi_value Forget(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const int64_t count = arguments.Int64(2, "count");
  if (!arguments.bad() && count > 0) {
    arguments.store().Forget(key, static_cast<uint64_t>(count));
  }
  return nullptr;
}

napi_value Unlink(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  if (!arguments.bad()) {
    arguments.store().Unlink(parent, name);
  }
  return nullptr;
}

napi_value Link(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const NodeKey parent = arguments.Key(2);
  const std::u16string name = arguments.Text(4);
  if (!arguments.bad()) {
    arguments.store().Link(key, parent, name);
  }
  return nullptr;
}

template <void (NodeStore::*Move)(NodeKey, std::u16string_view, NodeKey, std::u16string_view)>
napi_value MoveName(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  const NodeKey new_parent = arguments.Key(3);
  const std::u16string new_name = arguments.Text(5);
  if (!arguments.bad()) {
    (arguments.store().*Move)(parent, name, new_parent, new_name);
  }
  return nullptr;
}

template <void (NodeStore::*Change)(NodeKey, uint32_t, uint32_t)>
napi_value ChangeOpens(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const uint32_t thread = arguments.Uint32(2, "thread");
  const uint32_t ways = arguments.Uint32(3, "ways");
  if (!arguments.bad()) {
    (arguments.store().*Change)(key, thread, ways);
  }
  return nullptr;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

Napi::Function SharedNodes::DefineClass(Napi::Env env) {
  return ObjectWrap::DefineClass(
      env, "SharedNodes",
      {
          InstanceAccessor<&SharedNodes::Results>("results", napi_enumerable),
          Method("find", Find),
          Method("child", Child),
          Method("children", Children),
          Method("path", Path),
          Method("place", Place),
          Method("successorOf", SuccessorOf),
          Method("inode", Inode),
          Method("setInode", SetInode),
          Method("mode", Mode),
          Method("setMode", SetMode),
          Method("lookups", Lookups),
          Method("remains", Remains),
          Method("setRemains", SetRemains),
          Method("size", Size),
          Method("enter", Enter),
          Method("describe", Describe),
          Method("know", Know),
          Method("forget", Forget),
          Method("unlink", Unlink),
          Method("link", Link),
          Method("rename", MoveName<&NodeStore::Rename>),
          Method("exchange", MoveName<&NodeStore::Exchange>),
          Method("addOpen", ChangeOpens<&NodeStore::AddOpen>),
          Method("removeOpen", ChangeOpens<&NodeStore::RemoveOpen>),
      });
}

Napi::Value SharedNodes::Create(Napi::Env env, Store store) {
  return AddonEnvironment::Of(env).nodes_class().New({Napi::External<Store>::New(env, &store)});
}

SharedNodes::SharedNodes(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  store_ = info.Length() == 1 && info[0].IsExternal() ? *info[0].As<Napi::External<Store>>().Data()
                                                      : std::make_shared<NodeStore>();
  auto array = Napi::Float64Array::New(info.Env(), 2);
  results_ = array.Data();
  array_ = Napi::Reference<Napi::Float64Array>::New(array, 1);
}

Napi::Value SharedNodes::Results(const Napi::CallbackInfo& info) {
  return Napi::Value(info.Env(), array_.Value());
}

}  // namespace dokan
