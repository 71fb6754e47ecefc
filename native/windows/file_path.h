#pragma once

#include <node_api.h>
#include <windows.h>
#include <winternl.h>

#include <string>

namespace dokan {

// A path relative to a directory, as NT wants it: separated by `\`, empty for the directory itself.
// Nothing in it leads out of the directory: no "..", no `\` or NUL of JavaScript's, and not
// absolute.
class FilePath {
 public:
  // Reads a `/`-separated string. False: `value` is none. What is wrong with its contents is in
  // status().
  [[nodiscard]] bool Read(napi_env env, napi_value value);

  NTSTATUS status() const { return status_; }
  std::wstring& text() { return text_; }

  // The parent's path and the last component. False when this is the directory itself.
  bool Split(FilePath* parent, std::wstring* name) const;

 private:
  NTSTATUS Check();

  std::wstring text_;
  NTSTATUS status_ = 0;
};

}  // namespace dokan
