#include "dokan_library.h"

#include <map>

namespace dokan {
namespace {

constexpr wchar_t kName[] = L"dokan2.dll";

// Never destroyed: threads of Dokan may run while the process's statics are.
struct Loaded {
  std::mutex mutex;
  std::map<HMODULE, std::shared_ptr<DokanLibrary>> libraries;
};

Loaded& AllLoaded() {
  static auto* const loaded = new Loaded;
  return *loaded;
}

template <typename Function>
bool Find(HMODULE module, const char* name, Function* function) {
  // By way of void*, as compilers warn of a direct cast between function types.
  *function = reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(module, name)));
  return *function != nullptr;
}

// Whole: by its name alone, Windows finds whatever library of that name is loaded already.
std::wstring InstalledPath() {
  std::wstring path(MAX_PATH, L'\0');
  const UINT length = GetSystemDirectoryW(path.data(), MAX_PATH);
  if (length == 0 || length >= MAX_PATH) {
    return kName;
  }
  path.resize(length);
  return path + L'\\' + kName;
}

std::wstring PathOf(HMODULE module, const std::wstring& otherwise) {
  std::wstring path(32768, L'\0');
  const DWORD length = GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size()));
  path.resize(length);
  return length > 0 ? path : otherwise;
}

}  // namespace

DokanLibrary::Result DokanLibrary::Load(const std::optional<std::wstring>& path) {
  const std::wstring name = path ? *path : InstalledPath();
  // Of a given path, only its own directory and System32 are searched for what it needs itself.
  const DWORD search = path ? LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32
                            : LOAD_LIBRARY_SEARCH_SYSTEM32;
  const HMODULE module = LoadLibraryExW(name.c_str(), nullptr, search);
  if (module == nullptr) {
    return DokanFailure::Library(name, GetLastError());
  }
  Loaded& loaded = AllLoaded();
  const std::lock_guard lock(loaded.mutex);
  if (const auto found = loaded.libraries.find(module); found != loaded.libraries.end()) {
    FreeLibrary(module);  // It stays loaded by the first call.
    return found->second;
  }
  const std::shared_ptr<DokanLibrary> library(new DokanLibrary);
  library->path_ = PathOf(module, name);
  if (auto failure = library->LookUp(module)) {
    FreeLibrary(module);
    return *std::move(failure);
  }
  loaded.libraries.emplace(module, library);
  return library;
}

std::optional<DokanFailure> DokanLibrary::LookUp(HMODULE module) {
  // First, as a library of another major version may well lack other exports.
  if (!Find(module, "DokanVersion", &version)) {
    return DokanFailure::Export("DokanVersion");
  }
  if (const uint32_t number = version(); number / 100 != abi::kMajorVersion) {
    return DokanFailure::Version(number);
  }
  const char* missing = nullptr;
  const auto require = [&](const char* name, auto* function) {
    if (!Find(module, name, function) && missing == nullptr) {
      missing = name;
    }
  };
  require("DokanInit", &init);
  require("DokanShutdown", &shutdown);
  require("DokanCreateFileSystem", &create_file_system);
  require("DokanWaitForFileSystemClosed", &wait_for_file_system_closed);
  require("DokanCloseHandle", &close_handle);
  require("DokanRemoveMountPoint", &remove_mount_point);
  require("DokanDriverVersion", &driver_version);
  require("DokanResetTimeout", &reset_timeout);
  require("DokanOpenRequestorToken", &open_requestor_token);
  require("DokanGetMountPointList", &get_mount_point_list);
  require("DokanReleaseMountPointList", &release_mount_point_list);
  require("DokanNotifyCreate", &notify_create);
  require("DokanNotifyDelete", &notify_delete);
  require("DokanNotifyUpdate", &notify_update);
  require("DokanNotifyXAttrUpdate", &notify_x_attr_update);
  require("DokanNotifyRename", &notify_rename);
  if (missing != nullptr) {
    return DokanFailure::Export(missing);
  }
  Find(module, "DokanDebugMode", &debug_mode);
  // Since 2.1.0, and of use only together.
  if (!Find(module, "DokanRegisterWaitForFileSystemClosed", &register_wait) ||
      !Find(module, "DokanUnregisterWaitForFileSystemClosed", &unregister_wait)) {
    register_wait = nullptr;
    unregister_wait = nullptr;
  }
  return std::nullopt;
}

void DokanLibrary::BeginVolume() {
  const std::lock_guard lock(mutex_);
  if (volumes_++ == 0) {
    init();
  }
}

void DokanLibrary::EndVolume() {
  const std::lock_guard lock(mutex_);
  if (--volumes_ == 0) {
    shutdown();
  }
}

}  // namespace dokan
