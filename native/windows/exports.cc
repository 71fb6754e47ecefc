#include "exports.h"

#include <windows.h>

#include "dokan_volume.h"
#include "environment.h"
#include "file_functions.h"
#include "library_functions.h"
#include "process_functions.h"
#include "volume_probe.h"

namespace dokan {
namespace {

// Dokan's threads and our own may run in this module when the Worker that loaded it has ended.
void PinModule() {
  HMODULE module = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&PinModule), &module);
}

DWORD OwnSession() {
  DWORD session = 0;
  ProcessIdToSessionId(GetCurrentProcessId(), &session);
  return session;
}

Napi::Value GetExternalBuffers(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), AddonEnvironment::Of(info.Env()).external_buffers());
}

void SetExternalBuffers(const Napi::CallbackInfo& info) {
  AddonEnvironment::Of(info.Env()).set_external_buffers(info[0].ToBoolean());
}

}  // namespace

void ExportWindows(Napi::Env env, Napi::Object exports) {
  PinModule();
  AddonEnvironment::Attach(env);
  exports["DokanVolume"] = DokanVolume::DefineClass(env);
  exports["versions"] = Napi::Function::New<VersionsFunction>(env, "versions");
  exports["listMountPoints"] = Napi::Function::New<ListMountPointsFunction>(env, "listMountPoints");
  exports["removeMountPoint"] =
      Napi::Function::New<RemoveMountPointFunction>(env, "removeMountPoint");
  exports["onDriverLog"] = Napi::Function::New<OnDriverLogFunction>(env, "onDriverLog");
  exports["probeVolume"] = Napi::Function::New<ProbeVolumeFunction>(env, "probeVolume");
  exports["processStarted"] = Napi::Function::New<ProcessStartedFunction>(env, "processStarted");
  exports["isElevated"] = Napi::Function::New<IsElevatedFunction>(env, "isElevated");
  exports.DefineProperty(Napi::PropertyDescriptor::Accessor<GetExternalBuffers, SetExternalBuffers>(
      "externalBuffers", napi_enumerable));
  exports["sessionId"] = Napi::Number::New(env, OwnSession());
  ExportFileFunctions(env, exports);
}

}  // namespace dokan
