#include <napi.h>

#if defined(__linux__)
#include "linux/environment.h"
#include "linux/fuse_device.h"
#include "linux/mount_functions.h"
#include "linux/posix_functions.h"
#include "linux/shared_nodes.h"
#include "linux/thread_device.h"
#elif defined(_WIN32)
#include "windows/exports.h"
#endif

// The export list. lib/hosts/addon.ts declares the same in TypeScript, with the documentation.
namespace dokan {
namespace {

#if defined(__linux__)

void Export(Napi::Env env, Napi::Object exports) {
  AddonEnvironment::Attach(env);
  AddonEnvironment::Of(env).device_class() = Napi::Persistent(FuseDevice::DefineClass(env));

  AddonEnvironment::Of(env).nodes_class() = Napi::Persistent(SharedNodes::DefineClass(env));
  AddonEnvironment::Of(env).thread_class() = Napi::Persistent(ThreadDevice::DefineClass(env));
  exports["SharedNodes"] = AddonEnvironment::Of(env).nodes_class().Value();
  exports["joinThreads"] = Napi::Function::New<JoinThreads>(env, "joinThreads");

  exports["mountDirect"] = Napi::Function::New<MountDirectFunction>(env, "mountDirect");
  exports["mountWithHelper"] = Napi::Function::New<MountWithHelperFunction>(env, "mountWithHelper");
  exports["uniqueMountId"] = Napi::Function::New<UniqueMountIdFunction>(env, "uniqueMountId");
  exports["listedMountId"] = Napi::Function::New<ListedMountIdFunction>(env, "listedMountId");
  exports["syncFileSystem"] = Napi::Function::New<SyncFileSystemFunction>(env, "syncFileSystem");
  exports["probeVolume"] = Napi::Function::New<ProbeVolumeFunction>(env, "probeVolume");
  exports["abortConnection"] = Napi::Function::New<AbortConnectionFunction>(env, "abortConnection");
  exports["unmountDirect"] = Napi::Function::New<UnmountDirectFunction>(env, "unmountDirect");
  exports["unmountWithHelper"] =
      Napi::Function::New<UnmountWithHelperFunction>(env, "unmountWithHelper");

  const auto raw = [&](const char* name, napi_callback function) {
    napi_value value = nullptr;
    NAPI_THROW_IF_FAILED_VOID(
        env, napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value));
    exports.Set(name, value);
  };
  raw("openBeneath", OpenBeneathFunction);
  raw("statBeneath", StatBeneath);
  raw("statEntry", StatEntry);
  raw("statFd", StatDescriptor);
  raw("unlinkBeneath", UnlinkBeneath);
  raw("checkUnlinkBeneath", CheckUnlinkBeneath);
  raw("mkdirBeneath", MakeDirectoryBeneath);
  raw("symlinkBeneath", SymlinkBeneath);
  raw("readlinkBeneath", ReadLinkBeneath);
  raw("linkBeneath", LinkBeneath);
  raw("renameBeneath", RenameBeneath);
  raw("mknodBeneath", MakeNodeBeneath);
  raw("chmodBeneath", ChangeModeBeneath);
  raw("chownBeneath", ChangeOwnerBeneath);
  raw("utimesBeneath", SetTimesBeneath);
  raw("utimesFd", SetTimesDescriptor);
  raw("getXattr", GetXattr);
  raw("setXattr", SetXattr);
  raw("listXattr", ListXattr);
  raw("removeXattr", RemoveXattr);
  raw("fallocate", Fallocate);
  raw("seek", Seek);
  raw("readDirectory", ReadDirectory);
  raw("useOpenat2", UseOpenat2Function);
}

#elif defined(_WIN32)

void Export(Napi::Env env, Napi::Object exports) {
  ExportWindows(env, exports);
}

#else

void Export(Napi::Env, Napi::Object) {}

#endif

}  // namespace
}  // namespace dokan

// Outside the namespaces: the macro makes a name of its own from this one.
static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  dokan::Export(env, exports);
  return exports;
}

NODE_API_MODULE(dokan, Initialize)
