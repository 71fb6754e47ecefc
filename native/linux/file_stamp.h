#pragma once

namespace dokan {

// What tells a file's data from earlier ones: it differs after every change, if that began when the
// stamp proved something. All numbers are exact, for JavaScript.
struct FileStamp {
  double device;
  double inode;
  double size;
  double modified_seconds;
  double modified_nanoseconds;
  double changed_seconds;
  double changed_nanoseconds;

  // False where one of them proves nothing: then it is made of NaN.
  bool operator==(const FileStamp&) const = default;
};
static_assert(sizeof(FileStamp) == 7 * sizeof(double));

// Whether the file has the data it had when `stamp` was taken. If not, `stamp` becomes the present
// one, or NaN when that would not prove that later data are the same:
// - the time of change is that of the clock, so that the next change might get the same;
// - somebody has the file open for writing, or mapped: a write takes effect after it has set the
//   time, and memory that is mapped is written long after;
// - the file system is none whose times tell every change.
bool IsUnchanged(int fd, FileStamp* stamp);

}  // namespace dokan
