#include "process_stat.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "file_descriptor.h"

namespace dokan {

ProcessStat::ProcessStat(const char* path) {
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (file.valid() && ::read(file.get(), text_.data(), text_.size() - 1) > 0) {
    fields_ = std::strrchr(text_.data(), ')');
  }
}

const char* ProcessStat::Field(int number) const {
  const char* at = fields_;
  for (int i = 0; at != nullptr && i <= number; ++i) {
    at = std::strchr(at + 1, ' ');
  }
  return at == nullptr ? nullptr : at + 1;
}

}  // namespace dokan
