#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "byte_string.h"
#include "file_descriptor.h"

namespace dokan {

// Paths relative to a directory that cannot leave it: no "..", no absolute path, no symbolic link
// followed in any component. Results are >= 0 or -errno: -EXDEV for a path that would leave,
// -ELOOP for one that passes through a link.
//
// They do not lead into a volume of this package that is mounted below the directory (-ENOENT): a
// file system that shows the directory would wait for a file system that may be waiting for it.
// Whatever else is mounted there is entered.

// Opens `path` ("" and "." are the directory itself). O_CLOEXEC is always added. A link at the end
// is -ELOOP, unless flags has O_PATH|O_NOFOLLOW, which opens the link.
int OpenBeneath(int directory, const BytePath& path, int flags, mode_t mode);

// O_PATH on whatever stands there, a link included.
int OpenThing(int directory, const BytePath& path);

// Whether something is mounted on that entry of a directory.
bool IsMountPoint(int directory, const char* name);

// Where the last component of a path is to be looked up with the kernel's *at calls, those that
// make and remove entries and so never follow what is mounted there. Borrows the directory when the
// path has one component, else owns the parent's descriptor.
class Location {
 public:
  // The last component must be a name: "", "." and ".." are -EINVAL.
  int FindEntry(int directory, const BytePath& path);

  // The same. Where `other`, found before by `other_path` below the same directory, is in the same
  // parent, that is not looked up once more: `other` must outlive this.
  int FindEntryBeside(const Location& other, const BytePath& other_path, int directory,
                      const BytePath& path);

  int directory() const { return directory_; }
  const char* name() const { return name_.c_str(); }

 private:
  int SplitName(const BytePath& path, std::string_view* parent);
  int FindParent(int directory, std::string_view parent);

  FileDescriptor parent_;
  int directory_ = -1;
  std::string name_;
};

// For tests: false makes every call resolve component by component, as on kernels before 5.6 and
// where a container's filter forbids openat2. Returns the former setting. Process-wide.
bool UseOpenat2(bool enabled);

}  // namespace dokan
