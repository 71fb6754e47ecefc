#pragma once

#include <windows.h>

#include <memory>
#include <utility>

namespace dokan {

// Owns a handle of NT; null when there is none.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(HANDLE handle) : handle_(handle) {}
  FileHandle(FileHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() { Reset(); }

  HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

  void Reset() {
    if (handle_ != nullptr) {
      CloseHandle(std::exchange(handle_, nullptr));
    }
  }

 private:
  HANDLE handle_ = nullptr;
};

// A handle with several owners: closed when the last one lets go.
class SharedFileHandle {
 public:
  SharedFileHandle() = default;
  explicit SharedFileHandle(FileHandle handle)
      : handle_(std::make_shared<const FileHandle>(std::move(handle))) {}

  HANDLE get() const { return handle_ == nullptr ? nullptr : handle_->get(); }
  explicit operator bool() const { return get() != nullptr; }
  void Reset() { handle_.reset(); }

 private:
  std::shared_ptr<const FileHandle> handle_;
};

}  // namespace dokan
