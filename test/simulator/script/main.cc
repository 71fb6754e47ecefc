// scripted_volume.exe PORT_FILE: mounts the file system of the transcripts above dokan2.dll, as
// the orders of a test say. It speaks the simulator's own protocol, on a port of its own.
//
// scripted_volume.exe --without-init: mounts without DokanInit; prints the exception that raises.

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "../dll/connection.h"
#include "../dll/json_object.h"
#include "../dll/json_writer.h"
#include "../dll/server.h"
#include "dokan_library.h"
#include "scripted_callbacks.h"

namespace scripted {
namespace {

using simulator::Connection;
using simulator::JsonObject;
using simulator::JsonWriter;
using simulator::MountPointInfo;
using simulator::Operations;
using simulator::Options;

// What has to outlive a volume.
struct Mount {
  Options options = {};
  Operations operations = {};
  std::wstring mount_point;
  std::wstring unc_name;
  void* handle = nullptr;
};

std::unique_ptr<Mount> mounted;
HANDLE finished = nullptr;

void MountVolume(const JsonObject& order, JsonWriter& reply) {
  auto mount = std::make_unique<Mount>();
  mount->mount_point = order.Has("mountPoint") ? order.Text("mountPoint") : L"M:";
  mount->unc_name = order.Text("uncName");
  mount->operations = ScriptedOperations(order.Text("absent"));
  Options& options = mount->options;
  options.version = static_cast<USHORT>(order.Word("version", simulator::kLibraryVersion));
  options.single_thread = static_cast<BOOLEAN>(order.Word("singleThread"));
  options.options = order.Word("options");
  options.mount_point = mount->mount_point.c_str();
  options.unc_name = order.Has("uncName") ? mount->unc_name.c_str() : nullptr;
  options.timeout = order.Word("timeout");
  options.allocation_unit_size = order.Word("allocationUnitSize");
  options.sector_size = order.Word("sectorSize");
  options.volume_security_descriptor_length = order.Word("sdLength");
  const int result = Dokan().CreateFileSystem(&options, &mount->operations, &mount->handle);
  reply.Number("result", result);
  reply.Number("optionsAfter", options.options);
  reply.Number("allocationUnitSize", options.allocation_unit_size);
  reply.Number("sectorSize", options.sector_size);
  if (result == 0) mounted = std::move(mount);
}

void UnmountVolume() {
  if (!mounted) return;
  Dokan().CloseHandle(mounted->handle);
  mounted.reset();
}

BOOL Notify(const JsonObject& order) {
  void* handle = mounted ? mounted->handle : nullptr;
  const std::wstring& kind = order.Text("kind");
  const wchar_t* path = order.Text("path").c_str();
  const BOOL is_directory = order.Flag("isDirectory");
  if (kind == L"create") return Dokan().NotifyCreate(handle, path, is_directory);
  if (kind == L"delete") return Dokan().NotifyDelete(handle, path, is_directory);
  if (kind == L"update") return Dokan().NotifyUpdate(handle, path);
  if (kind == L"xattr") return Dokan().NotifyXAttrUpdate(handle, path);
  return Dokan().NotifyRename(handle, path, order.Text("newPath").c_str(), is_directory,
                              order.Flag("sameDirectory"));
}

void WriteMountPoints(const JsonObject& order, JsonWriter& reply) {
  ULONG count = 0;
  MountPointInfo* list = Dokan().GetMountPointList(order.Flag("uncOnly"), &count);
  reply.Flag("isNull", list == nullptr);
  reply.BeginArray("mountPoints");
  for (ULONG i = 0; i < count; ++i) {
    reply.BeginObject();
    reply.Number("type", list[i].type);
    reply.Text("mountPoint", list[i].mount_point);
    reply.Text("uncName", list[i].unc_name);
    reply.Text("deviceName", list[i].device_name);
    reply.Number("sessionId", list[i].session_id);
    reply.Number("mountOptions", list[i].mount_options);
    reply.EndObject();
  }
  reply.EndArray();
  Dokan().ReleaseMountPointList(list);
}

void Run(const std::wstring& op, const JsonObject& order, std::span<const char> payload,
         JsonWriter& reply) {
  if (op == L"mount") {
    MountVolume(order, reply);
  } else if (op == L"unmount") {
    UnmountVolume();
  } else if (op == L"removeMountPoint") {
    reply.Flag("result", Dokan().RemoveMountPoint(order.Text("mountPoint").c_str()) != FALSE);
  } else if (op == L"isRunning") {
    reply.Flag("result", mounted && Dokan().IsFileSystemRunning(mounted->handle) != FALSE);
  } else if (op == L"waitClosed") {
    reply.Number("result",
                 Dokan().WaitForFileSystemClosed(mounted->handle, order.Word("milliseconds")));
  } else if (op == L"answer") {
    TheAnswers().Push({order.Text("callback"), order,
                       ParseItems(std::string(payload.begin(), payload.end())),
                       order.Flag("held")});
  } else if (op == L"release") {
    TheAnswers().Release();
  } else if (op == L"log") {
    TheLog().WriteTo(reply);
    TheAnswers().Clear();
  } else if (op == L"notify") {
    reply.Flag("result", Notify(order) != FALSE);
  } else if (op == L"matches") {
    reply.Flag("result", Dokan().IsNameInExpression(order.Text("expression").c_str(),
                                                    order.Text("name").c_str(),
                                                    order.Flag("ignoreCase")) != FALSE);
  } else if (op == L"win32Status") {
    reply.Number("result",
                 static_cast<std::uint32_t>(Dokan().NtStatusFromWin32(order.Word("error"))));
  } else if (op == L"versions") {
    reply.Number("library", Dokan().Version());
    reply.Number("driver", Dokan().DriverVersion());
  } else if (op == L"mountPoints") {
    WriteMountPoints(order, reply);
  } else if (op == L"hasExport") {
    const std::wstring& wide = order.Text("name");
    reply.Flag("result", HasExport(std::string(wide.begin(), wide.end()).c_str()));
  } else if (op == L"end") {
    SetEvent(finished);
  } else {
    reply.Text("error", L"no such order");
  }
}

void Handle(const std::shared_ptr<Connection>& connection, std::string_view json,
            std::span<const char> payload) {
  JsonObject order;
  if (!order.Parse(json)) return;
  JsonWriter reply;
  reply.Begin();
  reply.Number("id", order.Integer("id"));
  Run(order.Text("op"), order, payload, reply);
  reply.Number("status", 0);
  reply.End();
  connection->Send(reply.text());
}

LONG CALLBACK PrintException(EXCEPTION_POINTERS* exception) {
  std::printf("exception 0x%08lx\n", exception->ExceptionRecord->ExceptionCode);
  std::fflush(stdout);
  ExitProcess(0);
}

int MountWithoutInit() {
  AddVectoredExceptionHandler(1, &PrintException);
  Mount mount;
  mount.options.version = simulator::kLibraryVersion;
  mount.options.mount_point = L"M:";
  std::printf("result %d\n",
              Dokan().CreateFileSystem(&mount.options, &mount.operations, &mount.handle));
  return 1;
}

int Serve(const char* port_file) {
  finished = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  Dokan().Init();
  simulator::Server server(&Handle);
  if (!server.Start(0, port_file)) return 1;
  WaitForSingleObject(finished, INFINITE);
  UnmountVolume();
  Dokan().Shutdown();
  server.Stop();
  return 0;
}

}  // namespace
}  // namespace scripted

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: scripted_volume PORT_FILE | --without-init\n", stderr);
    return 2;
  }
  if (std::strcmp(arguments[1], "--without-init") == 0) return scripted::MountWithoutInit();
  return scripted::Serve(arguments[1]);
}
