#include "debug_print.h"

#include <atomic>
#include <cstdio>

#include "dispatch.h"
#include "nt_status.h"

namespace simulator {
namespace {

// On from the start; every DokanCreateFileSystem sets both anew from its options.
std::atomic<bool> debug_mode = true;
std::atomic<bool> use_stderr = false;

std::string Utf8(const std::wstring& text) {
  const int length = static_cast<int>(text.size());
  const int needed =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), length, nullptr, 0, nullptr, nullptr);
  std::string bytes(static_cast<std::size_t>(needed), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), length, bytes.data(), needed, nullptr, nullptr);
  return bytes;
}

}  // namespace

void SetDebugMode(bool on) {
  debug_mode = on;
}
void SetUseStdErr(bool on) {
  use_stderr = on;
}

bool DebugPrint(const std::string& line) {
  if (!debug_mode) return false;
  if (use_stderr) {
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  } else {
    OutputDebugStringA(line.c_str());
  }
  return true;
}

NtStatus RunDriverLog(Request& request) {
  // The driver keeps its lines to itself unless the volume asked for them.
  const bool wanted = (request.options().options & kOptionDriverLogs) != 0;
  const std::wstring& message = request.fields.Text("message");
  const bool printed =
      wanted && !message.empty() && DebugPrint("DriverLog: " + Utf8(message) + "\n");
  request.reply.Flag("printed", printed);
  return status::kSuccess;
}

}  // namespace simulator
