#include "dokan_volume.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/background_tasks.h"
#include "common/javascript_call.h"
#include "environment.h"
#include "file_table.h"
#include "mount_options.h"
#include "requestor_token.h"
#include "volume_tasks.h"
#include "wide_text.h"

namespace dokan {
namespace {

// The driver's own, when it is given 0, and its limits.
constexpr uint32_t kDefaultTimeout = 15'000;
constexpr uint32_t kLongestTimeout = 300'000;

uint32_t DriverTimeout(uint32_t given) {
  return given == 0 ? kDefaultTimeout : std::clamp(given, kDefaultTimeout, kLongestTimeout);
}

napi_property_descriptor RawMethod(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

// One call of a hot function: its object, and arguments that are numbers. A wrong one is NaN's 0
// or no entry, and harmless.
class HotCall {
 public:
  HotCall(napi_env env, napi_callback_info info) : env_(env) {
    napi_value self = nullptr;
    napi_get_cb_info(env, info, &count_, values_.data(), &self, nullptr);
    napi_unwrap(env, self, &self_);
  }

  // nullptr: called on a foreign object. An exception is pending then.
  DokanVolume* self() const {
    if (self_ == nullptr) {
      napi_throw_type_error(env_, nullptr, "Illegal invocation");
    }
    return static_cast<DokanVolume*>(self_);
  }

  uint32_t Number(size_t index) const {
    uint32_t value = UINT32_MAX;
    napi_get_value_uint32(env_, values_[index], &value);
    return value;
  }

  napi_value value(size_t index) const { return values_[index]; }

 private:
  napi_env env_;
  size_t count_ = 3;
  std::array<napi_value, 3> values_ = {};
  void* self_ = nullptr;
};

// A file of the file functions, or a descriptor of the C runtime. What Windows has against it.
DWORD FindBacking(const FileTable& files, int32_t number,
                  std::shared_ptr<const BackingFile>* backing) {
  if (number >= FileTable::kFirstNumber) {
    const OpenedFile* const file = files.Find(number);
    if (file == nullptr) {
      return ERROR_INVALID_HANDLE;
    }
    *backing = std::make_shared<const BackingFile>(file->handle);
    return 0;
  }
  auto duplicate = BackingFile::Duplicate(uv_get_osfhandle(number));
  if (const auto* const error = std::get_if<DWORD>(&duplicate)) {
    return *error;
  }
  *backing = std::get<std::shared_ptr<const BackingFile>>(std::move(duplicate));
  return 0;
}

napi_value ToBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

}  // namespace

Napi::Function DokanVolume::DefineClass(Napi::Env env) {
  return ObjectWrap::DefineClass(
      env, "DokanVolume",
      {
          InstanceAccessor<&DokanVolume::Memory>("memory", napi_enumerable),
          InstanceMethod<&DokanVolume::Mount>("mount", napi_default_method),
          InstanceMethod<&DokanVolume::Close>("close", napi_default_method),
          InstanceMethod<&DokanVolume::RequestorToken>("requestorToken", napi_default_method),
          InstanceMethod<&DokanVolume::Notify>("notify", napi_default_method),
          RawMethod("take", Take),
          RawMethod("name", Name),
          RawMethod("block", Block),
          RawMethod("blockFor", BlockFor),
          RawMethod("setBacking", SetBacking),
          RawMethod("transfers", Transfers),
          RawMethod("cancelTransfers", CancelTransfers),
          RawMethod("expose", Expose),
          RawMethod("complete", Complete),
          RawMethod("completeWith", CompleteWith),
      });
}

DokanVolume::DokanVolume(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      environment_(&AddonEnvironment::Of(info.Env())),
      context_(info.Env(), "DokanVolume") {
  if (!info[0].IsFunction() || !info[1].IsFunction() || !info[2].IsFunction()) {
    throw Napi::TypeError::New(
        info.Env(), "Expected functions for 'onRequests', 'onClosed' and 'onSlowTransfers'");
  }
  on_requests_ = Napi::Persistent(info[0].As<Napi::Function>());
  on_closed_ = Napi::Persistent(info[1].As<Napi::Function>());
  on_slow_transfers_ = Napi::Persistent(info[2].As<Napi::Function>());
  auto memory = Napi::ArrayBuffer::New(info.Env(), kMemoryBytes);
  memory_ = Napi::Reference<Napi::ArrayBuffer>::New(memory, 1);
  instance_ = std::make_shared<VolumeInstance>(static_cast<uint8_t*>(memory.Data()));
}

DokanVolume::~DokanVolume() = default;

Napi::Value DokanVolume::Memory(const Napi::CallbackInfo&) {
  return memory_.Value();
}

Napi::Value DokanVolume::Mount(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  MountOptions options = ReadMountOptions(info[0]);
  RequestQueue::Settings settings;
  settings.driver_timeout = DriverTimeout(options.timeout);
  settings.operation_timeout = ReadOperationTimeout(info[0].As<Napi::Object>());
  settings.poll_time = ReadPollTime(info[0].As<Napi::Object>());
  settings.external_buffers = environment_->external_buffers();
  if (std::exchange(mount_called_, true)) {
    throw Napi::Error::New(env, "A DokanVolume can be mounted once");
  }
  AddonEnvironment* const environment = environment_;
  waker_ = LoopWaker::Open(
      environment->loop(), [this] { OnWake(); }, [environment] { environment->HandleClosed(); });
  if (waker_ == nullptr) {
    throw Napi::Error::New(env, "The event loop gives no handle");
  }
  environment->HandleOpened();
  waker_->Ref();
  Ref();
  environment->Add(this);
  instance_->queue().Start(settings, waker_);
  return environment->tasks().Start(MakeMountTask(this, instance_, std::move(options)));
}

Napi::Value DokanVolume::Close(const Napi::CallbackInfo&) {
  return environment_->tasks().Start(MakeCloseTask(this, instance_));
}

void DokanVolume::Finish() {
  if (waker_ == nullptr) {
    return;
  }
  environment_->Remove(this);
  std::exchange(waker_, nullptr)->Close();
  instance_->queue().Finish(Env());
  Unref();
}

void DokanVolume::ReportClosed() {
  if (instance_->TakeClosed()) {
    Call(on_closed_);
  }
}

std::shared_ptr<VolumeInstance> DokanVolume::ReleaseInstance() {
  instance_->queue().Close();
  // Or the end of the process would wait for a disk that hangs.
  instance_->io_watch().CancelAll();
  std::exchange(waker_, nullptr)->Close();
  Unref();
  return instance_;
}

void DokanVolume::OnWake() {
  const Napi::HandleScope scope(Env());
  RequestQueue& queue = instance_->queue();
  queue.MarkAlive();
  if (queue.ShallAnnounce()) {
    Call(on_requests_);
  }
  if (instance_->TakeSlowTransfers()) {
    Call(on_slow_transfers_);
  }
  ReportClosed();
}

void DokanVolume::Call(const Napi::FunctionReference& function) {
  const Napi::HandleScope scope(Env());
  // The handle in this scope keeps the object while the callback closes it.
  const Napi::Value self = Value();
  CallJavaScript(Env(), context_, self, function.Value());
}

Napi::Value DokanVolume::RequestorToken(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RequestQueue& queue = instance_->queue();
  RequestEntry* const entry =
      info[0].IsNumber() ? queue.Taken(info[0].As<Napi::Number>().Uint32Value()) : nullptr;
  const auto fail = [&](DWORD error, const char* message) {
    Napi::Error failure = Napi::Error::New(env, message);
    failure.Set("code", Napi::String::New(env, "ETOKEN"));
    failure.Set("win32Error", Napi::Number::New(env, error));
    return failure;
  };
  if (entry == nullptr || entry->slot->operation != static_cast<uint32_t>(Operation::kCreateFile) ||
      !queue.Pin(entry)) {
    throw fail(ERROR_INVALID_HANDLE, "The requestor's token is there only during createFile");
  }
  HANDLE token = instance_->library().open_requestor_token(entry->info);
  const DWORD open_error = GetLastError();
  queue.Unpin(entry);
  if (token == INVALID_HANDLE_VALUE || token == nullptr) {
    throw fail(open_error, "Dokan gives no token of the requestor");
  }
  const std::optional<Requestor> requestor = Requestor::Read(token);
  const DWORD read_error = GetLastError();
  CloseHandle(token);
  if (!requestor) {
    throw fail(read_error, "The requestor's token cannot be read");
  }
  return requestor->ToJavaScript(env);
}

Napi::Value DokanVolume::Notify(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || info[0].As<Napi::Number>().Uint32Value() > 4 || !info[1].IsString()) {
    throw Napi::TypeError::New(env, "Expected an action from 0 to 4 and a path");
  }
  Notifications::Notification notification;
  notification.action =
      static_cast<Notifications::Action>(info[0].As<Napi::Number>().Uint32Value());
  notification.path = FromJavaScript(info[1].As<Napi::String>());
  notification.new_path = ReadOptionalText(info[2], "newPath").value_or(L"");
  notification.is_directory = info[3].ToBoolean();
  notification.same_directory = info[4].ToBoolean();
  return Napi::Boolean::New(env, instance_->Notify(std::move(notification)));
}

napi_value DokanVolume::Take(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  napi_value result = nullptr;
  if (self != nullptr) {
    napi_create_uint32(env, self->instance_->queue().Take(env), &result);
  }
  return result;
}

napi_value DokanVolume::Name(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  if (self == nullptr) {
    return nullptr;
  }
  const RequestEntry* const entry = self->instance_->queue().Taken(call.Number(0));
  const uint32_t which = call.Number(1);
  if (entry == nullptr || which > 1) {
    napi_throw_range_error(env, nullptr, "No such request");
    return nullptr;
  }
  const std::wstring& name = entry->long_names[which];
  napi_value result = nullptr;
  napi_create_string_utf16(env, reinterpret_cast<const char16_t*>(name.data()), name.size(),
                           &result);
  return result;
}

napi_value DokanVolume::Block(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  if (self == nullptr) {
    return nullptr;
  }
  napi_value result =
      self->instance_->queue().blocks().Value(env, static_cast<int32_t>(call.Number(0)));
  if (result == nullptr) {
    napi_throw_range_error(env, nullptr, "No such block");
  }
  return result;
}

napi_value DokanVolume::BlockFor(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  if (self == nullptr) {
    return nullptr;
  }
  RequestQueue& queue = self->instance_->queue();
  RequestEntry* const entry = queue.Taken(call.Number(0));
  int32_t number = kNoBlock;
  if (entry != nullptr && !entry->was_exposed &&
      (entry->block.number != kNoBlock || queue.AssignBlock(env, entry))) {
    number = entry->block.number;
  }
  napi_value result = nullptr;
  napi_create_int32(env, number, &result);
  return result;
}

napi_value DokanVolume::SetBacking(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  if (self == nullptr) {
    return nullptr;
  }
  RequestEntry* const entry = self->instance_->queue().Taken(call.Number(0));
  const uint32_t number = call.Number(1);
  DWORD error = ERROR_INVALID_HANDLE;
  if (entry != nullptr && number <= INT32_MAX) {
    error = FindBacking(self->environment_->files(), static_cast<int32_t>(number), &entry->backing);
  }
  napi_value result = nullptr;
  napi_create_uint32(env, error, &result);
  return result;
}

napi_value DokanVolume::Transfers(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  napi_value result = nullptr;
  if (self != nullptr) {
    napi_create_uint32(env, self->instance_->io_watch().count(), &result);
  }
  return result;
}

napi_value DokanVolume::CancelTransfers(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  if (DokanVolume* const self = call.self(); self != nullptr) {
    self->instance_->io_watch().CancelAll();
  }
  return nullptr;
}

napi_value DokanVolume::Expose(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  if (self == nullptr) {
    return nullptr;
  }
  RequestQueue& queue = self->instance_->queue();
  RequestEntry* const entry = queue.Taken(call.Number(0));
  if (entry == nullptr || !entry->may_expose || !queue.Pin(entry)) {
    return nullptr;
  }
  napi_value result = nullptr;
  if (entry->exposed != nullptr) {
    napi_get_reference_value(env, entry->exposed, &result);
    return result;
  }
  // The memory is Dokan's: nothing to be done when the garbage collector finds the ArrayBuffer.
  if (napi_create_external_arraybuffer(
          env, entry->buffer, entry->buffer_bytes, [](napi_env, void*, void*) {}, nullptr,
          &result) != napi_ok ||
      napi_create_reference(env, result, 1, &entry->exposed) != napi_ok) {
    queue.Unpin(entry);
    return nullptr;
  }
  entry->was_exposed = true;
  return result;
}

napi_value DokanVolume::Complete(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  if (self == nullptr) {
    return nullptr;
  }
  RequestQueue& queue = self->instance_->queue();
  RequestEntry* const entry = queue.Taken(call.Number(0));
  return ToBoolean(env, entry != nullptr && queue.Complete(env, entry));
}

napi_value DokanVolume::CompleteWith(napi_env env, napi_callback_info info) {
  const HotCall call(env, info);
  DokanVolume* const self = call.self();
  void* data = nullptr;
  size_t size = 0;
  napi_typedarray_type type = napi_uint8_array;
  if (self == nullptr) {
    return nullptr;
  }
  if (napi_get_typedarray_info(env, call.value(1), &type, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array || call.Number(2) > size) {
    napi_throw_type_error(env, nullptr, "Expected a Uint8Array of at least 'length' bytes");
    return nullptr;
  }
  RequestQueue& queue = self->instance_->queue();
  RequestEntry* const entry = queue.Taken(call.Number(0));
  if (entry == nullptr) {
    return ToBoolean(env, false);
  }
  return ToBoolean(
      env, queue.CompleteWith(env, entry, {static_cast<const uint8_t*>(data), call.Number(2)}));
}

}  // namespace dokan
