#include "shared_nodes.h"

#include <bit>
#include <string>
#include <utility>

#include "environment.h"
#include "javascript_values.h"
#include "node_arguments.h"

namespace dokan {
namespace {

// What the JavaScript class is made of.
struct Parts {
  std::shared_ptr<NodeStore> store;
  std::shared_ptr<UntoldNodes> untold;
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
  if (arguments.bad()) {
    return nullptr;
  }
  uint64_t changes = 0;
  const NodeKey child = arguments.store().Child(parent, name, &changes);
  arguments.AnswerChanges(changes);
  return arguments.Answer(child);
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
  uint64_t changes = 0;
  const auto path = arguments.store().Path(key, &epoch, &changes);
  arguments.results()[0] = static_cast<double>(epoch);
  arguments.AnswerChanges(changes);
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
  const bool checks = !arguments.IsMissing(7);
  const auto as_of = static_cast<uint64_t>(checks ? arguments.Int64(7, "asOf") : 0);
  const bool listed = checks && arguments.Boolean(8, "isListed");
  if (arguments.bad()) {
    return nullptr;
  }
  bool outdated = false;
  NodeStore& store = arguments.store();
  const NodeKey key = checks ? store.EnterFound(parent, name, description, as_of, listed, &outdated)
                             : store.Enter(parent, name, description);
  arguments.NoteUntold(key);
  return outdated ? nullptr : arguments.Answer(key);
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
    arguments.NoteUntold(key);
  }
  return nullptr;
}

napi_value Forget(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey key = arguments.Key(0);
  const int64_t count = arguments.Int64(2, "count");
  if (arguments.bad() || count <= 0) {
    return nullptr;
  }
  // The kernel's own forgetting never gets here where a thread serves: this takes back one lookup.
  if (arguments.untold() == nullptr || arguments.untold()->Remove(key)) {
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

napi_value UnlinkFound(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  const NodeKey key = arguments.Key(3);
  const int64_t as_of = arguments.Int64(5, "asOf");
  if (arguments.bad()) {
    return nullptr;
  }
  napi_value done = nullptr;
  napi_get_boolean(
      env, arguments.store().UnlinkFound(parent, name, key, static_cast<uint64_t>(as_of)), &done);
  return done;
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

napi_value Rename(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  const NodeKey new_parent = arguments.Key(3);
  const std::u16string new_name = arguments.Text(5);
  const NodeKey key = arguments.Key(6);
  if (!arguments.bad()) {
    arguments.store().Rename(parent, name, new_parent, new_name, key);
  }
  return nullptr;
}

napi_value Exchange(napi_env env, napi_callback_info info) {
  NodeArguments arguments(env, info);
  const NodeKey parent = arguments.Key(0);
  const std::u16string name = arguments.Text(2);
  const NodeKey other_parent = arguments.Key(3);
  const std::u16string other_name = arguments.Text(5);
  const NodeKey key = arguments.Key(6);
  const NodeKey other_key = arguments.Key(8);
  if (!arguments.bad()) {
    arguments.store().Exchange(parent, name, other_parent, other_name, key, other_key);
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
          Method("unlinkFound", UnlinkFound),
          Method("link", Link),
          Method("rename", Rename),
          Method("exchange", Exchange),
          Method("addOpen", ChangeOpens<&NodeStore::AddOpen>),
          Method("removeOpen", ChangeOpens<&NodeStore::RemoveOpen>),
      });
}

Napi::Value SharedNodes::Create(Napi::Env env, std::shared_ptr<NodeStore> store,
                                std::shared_ptr<UntoldNodes> untold) {
  Parts parts = {std::move(store), std::move(untold)};
  return AddonEnvironment::Of(env).nodes_class().New({Napi::External<Parts>::New(env, &parts)});
}

SharedNodes::SharedNodes(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() == 1 && info[0].IsExternal()) {
    const Parts& parts = *info[0].As<Napi::External<Parts>>().Data();
    store_ = parts.store;
    untold_ = parts.untold;
  } else {
    store_ = std::make_shared<NodeStore>();
  }
  auto array = Napi::Float64Array::New(info.Env(), 2);
  results_ = array.Data();
  array_ = Napi::Reference<Napi::Float64Array>::New(array, 1);
}

Napi::Value SharedNodes::Results(const Napi::CallbackInfo& info) {
  return Napi::Value(info.Env(), array_.Value());
}

}  // namespace dokan
