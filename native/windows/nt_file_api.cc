#include "nt_file_api.h"

namespace dokan::nt {
namespace {

template <typename Function>
void Find(HMODULE library, const char* name, Function* function) {
  // By way of void*: compilers warn of casts between function types, and this is one by nature.
  *function = reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(library, name)));
}

FileApi Load() {
  FileApi api = {};
  const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
  Find(ntdll, "NtCreateFile", &api.create_file);
  Find(ntdll, "NtReadFile", &api.read_file);
  Find(ntdll, "NtWriteFile", &api.write_file);
  Find(ntdll, "NtFlushBuffersFile", &api.flush_buffers_file);
  Find(ntdll, "NtQueryInformationFile", &api.query_information_file);
  Find(ntdll, "NtSetInformationFile", &api.set_information_file);
  Find(ntdll, "NtQueryDirectoryFile", &api.query_directory_file);
  Find(ntdll, "NtQueryVolumeInformationFile", &api.query_volume_information_file);
  Find(ntdll, "NtQuerySecurityObject", &api.query_security_object);
  Find(ntdll, "NtSetSecurityObject", &api.set_security_object);
  return api;
}

}  // namespace

const FileApi& FileApi::Get() {
  static const FileApi api = Load();
  return api;
}

}  // namespace dokan::nt
