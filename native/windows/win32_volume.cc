#include <string_view>
#include <vector>

#include "file_access.h"
#include "file_call.h"
#include "file_functions.h"
#include "file_values.h"

namespace dokan {
namespace {

// A structure and the text at its end.
template <typename Information>
class VolumeAnswer {
 public:
  VolumeAnswer(HANDLE handle, nt::VolumeClass information_class) {
    IO_STATUS_BLOCK io = {};
    status_ = nt::FileApi::Get().query_volume_information_file(
        handle, &io, buffer_.data(), static_cast<ULONG>(buffer_.size() * sizeof(uint64_t)),
        information_class);
  }

  NTSTATUS status() const { return status_; }
  const Information& get() const { return *reinterpret_cast<const Information*>(buffer_.data()); }

 private:
  static constexpr size_t kBytes = 1024;  // A label has up to 32 characters, a name 255.

  std::vector<uint64_t> buffer_ = std::vector<uint64_t>(kBytes / sizeof(uint64_t));
  NTSTATUS status_ = 0;
};

void SetNumber(napi_env env, napi_value object, const char* name, double value) {
  napi_value number = nullptr;
  napi_create_double(env, value, &number);
  napi_set_named_property(env, object, name, number);
}

void SetText(napi_env env, napi_value object, const char* name, const WCHAR* text, ULONG bytes) {
  napi_set_named_property(env, object, name, TextToJavaScript(env, {text, bytes / sizeof(WCHAR)}));
}

}  // namespace

// queryVolume(file)
napi_value QueryVolumeFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  const HANDLE handle = file->handle.get();
  const VolumeAnswer<nt::VolumeInformation> volume(handle, nt::VolumeClass::kVolume);
  const VolumeAnswer<nt::AttributeInformation> attribute(handle, nt::VolumeClass::kAttribute);
  for (const NTSTATUS status : {volume.status(), attribute.status()}) {
    if (!nt::IsSuccess(status)) {
      return call.Status(status);
    }
  }
  napi_value result = nullptr;
  napi_create_object(env, &result);
  SetText(env, result, "label", volume.get().label, volume.get().label_length);
  SetNumber(env, result, "serialNumber", volume.get().serial_number);
  SetText(env, result, "fileSystemName", attribute.get().name, attribute.get().name_length);
  SetNumber(env, result, "fileSystemFlags", attribute.get().flags);
  SetNumber(env, result, "maximumComponentLength", attribute.get().maximum_component_length);
  return result;
}

// querySpace(file)
napi_value QuerySpaceFunction(napi_env env, napi_callback_info info) {
  FileCall call(env, info);
  const OpenedFile* const file = call.File(0, "file");
  if (call.failed()) {
    return nullptr;
  }
  if (file == nullptr) {
    return call.Status(nt::kInvalidHandle);
  }
  const VolumeAnswer<nt::FullSizeInformation> answer(file->handle.get(),
                                                     nt::VolumeClass::kFullSize);
  if (!nt::IsSuccess(answer.status())) {
    return call.Status(answer.status());
  }
  const nt::FullSizeInformation& size = answer.get();
  // Doubles: whole up to 2^53 bytes, and rounded beyond.
  const double unit = static_cast<double>(size.sectors_per_unit) * size.bytes_per_sector;
  napi_value result = nullptr;
  napi_create_object(env, &result);
  SetNumber(env, result, "totalBytes", static_cast<double>(size.total_units) * unit);
  SetNumber(env, result, "freeBytesAvailable", static_cast<double>(size.available_units) * unit);
  SetNumber(env, result, "totalFreeBytes", static_cast<double>(size.free_units) * unit);
  return result;
}

}  // namespace dokan
