#pragma once

#include <windows.h>
#include <winternl.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "dokan_abi.h"
#include "request_queue.h"
#include "slot.h"
#include "volume_names.h"

namespace dokan {

class VolumeInstance;

// One callback of Dokan's as a request to JavaScript, on Dokan's thread: made, filled in, sent,
// read, gone when the callback returns.
class Request {
 public:
  Request(Operation operation, abi::FileInfo* info);
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // The rest only while ready: otherwise there is no slot, and Send() says why.
  bool ready() const { return entry_ != nullptr; }
  VolumeInstance& volume() const { return *volume_; }

  void Name(LPCWSTR name);
  // After Name.
  void SecondName(LPCWSTR name, NameKind kind);
  void Argument(size_t index, uint32_t value) { slot().arguments[index] = value; }
  void Flag(uint32_t flag) { slot().flags |= flag; }
  void Offset(int64_t value) { slot().offset = InRange(value, request_flag::kOutOfRange); }
  void Length(int64_t value) { slot().length = InRange(value, request_flag::kLengthOutOfRange); }
  void Time(size_t index, const FILETIME* time);
  // What JavaScript shall have: kept by the caller until the request is gone.
  void Source(const void* data, uint32_t bytes);
  // Where JavaScript's data goes.
  void Target(void* data, uint32_t bytes);
  // Instead of a block for Source or Target, JavaScript may have the memory itself.
  void MayExpose();

  // Hands the request over and waits. The answer can be read only if answered().
  NTSTATUS Send();
  bool answered() const { return answered_; }
  const Answer& answer() const { return slot().answer; }
  // The data of an answer.
  const std::vector<uint8_t>& data() const { return entry_->data; }
  // The real file that a createFile hands through; nullptr when there is none.
  std::shared_ptr<const BackingFile> TakeBacking() { return std::move(entry_->backing); }
  // UTF-16 that the answer has in place of the names.
  std::wstring_view AnsweredText(size_t offset, size_t bytes) const;
  // Copies what JavaScript gave to the target. Returns how many bytes those are.
  uint32_t FinishTarget() const;

 private:
  Slot& slot() const { return *entry_->slot; }
  double InRange(int64_t value, uint32_t flag);
  void AddName(LPCWSTR name, NameKind kind, unsigned which);
  void FindBlock();

  VolumeInstance* volume_;
  RequestQueue* queue_;
  RequestEntry* entry_ = nullptr;
  bool entered_ = false;
  bool answered_ = false;
  NTSTATUS refusal_ = 0;
};

}  // namespace dokan
