#include "mount_options.h"

#include <string>

#include "wide_text.h"

namespace dokan {
namespace {

Napi::TypeError Expected(Napi::Env env, const char* what, const char* name) {
  return Napi::TypeError::New(env, std::string("Expected ") + what + " for '" + name + "'");
}

std::wstring ReadText(const Napi::Value& value, const char* name) {
  if (!value.IsString()) {
    throw Expected(value.Env(), "a string", name);
  }
  std::wstring text = FromJavaScript(value.As<Napi::String>());
  if (text.find(L'\0') != std::wstring::npos) {
    throw Expected(value.Env(), "a string without NUL", name);
  }
  return text;
}

uint32_t ReadUint32(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsNumber()) {
    throw Expected(options.Env(), "a number", name);
  }
  return value.As<Napi::Number>().Uint32Value();
}

}  // namespace

std::optional<std::wstring> ReadOptionalText(const Napi::Value& value, const char* name) {
  if (value.IsUndefined()) {
    return std::nullopt;
  }
  return ReadText(value, name);
}

MountOptions ReadMountOptions(const Napi::Value& value) {
  if (!value.IsObject()) {
    throw Expected(value.Env(), "an object", "options");
  }
  const auto given = value.As<Napi::Object>();
  MountOptions options;
  options.library_path = ReadOptionalText(given.Get("libraryPath"), "libraryPath");
  options.mount_point = ReadText(given.Get("mountPoint"), "mountPoint");
  options.unc_name = ReadOptionalText(given.Get("uncName"), "uncName");
  options.version = static_cast<uint16_t>(ReadUint32(given, "version"));
  options.single_thread = given.Get("singleThread").ToBoolean();
  options.options = ReadUint32(given, "options");
  options.timeout = ReadUint32(given, "timeout");
  options.allocation_unit_size = ReadUint32(given, "allocationUnitSize");
  options.sector_size = ReadUint32(given, "sectorSize");
  options.read_ahead = ReadUint32(given, "readAhead");
  // The library copies both into buffers of its own of this size, and ends the process if it
  // cannot.
  if (options.mount_point.size() >= MAX_PATH) {
    throw Expected(value.Env(), "at most 259 characters", "mountPoint");
  }
  if (options.unc_name && options.unc_name->size() >= 64) {
    throw Expected(value.Env(), "at most 63 characters", "uncName");
  }
  const Napi::Value descriptor = given.Get("volumeSecurityDescriptor");
  if (descriptor.IsTypedArray()) {
    const auto bytes = descriptor.As<Napi::Uint8Array>();
    if (bytes.ByteLength() > abi::kMaximumDescriptor) {
      throw Expected(value.Env(), "at most 16384 bytes", "volumeSecurityDescriptor");
    }
    options.security_descriptor.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  } else if (!descriptor.IsUndefined()) {
    throw Expected(value.Env(), "a Buffer", "volumeSecurityDescriptor");
  }
  return options;
}

uint32_t ReadPollTime(const Napi::Object& options) {
  return ReadUint32(options, "pollTime");
}

uint64_t ReadOperationTimeout(const Napi::Object& options) {
  const Napi::Value value = options.Get("operationTimeout");
  if (!value.IsNumber() || !(value.As<Napi::Number>().DoubleValue() >= 0)) {
    throw Expected(options.Env(), "a number of milliseconds", "operationTimeout");
  }
  const double milliseconds = value.As<Napi::Number>().DoubleValue();
  constexpr double kCenturies = 1e13;
  return milliseconds < kCenturies ? static_cast<uint64_t>(milliseconds) : RequestQueue::kNever;
}

}  // namespace dokan
