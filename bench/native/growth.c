// Asks a volume of numbered files (peers/node_dokan_numbered.mjs) for much.
// Usage: growth stat DIRECTORY COUNT             each of its files once, in no order
//        growth list DIRECTORY                   names and attributes of all
//        growth hold FILE COUNT MILLISECONDS     stat, with that many opens; ends with its input
//        growth read FILE MILLISECONDS           4 KiB anywhere, direct
// Prints one line of JSON: operations done, and the seconds they took.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { kSmall = 4096 };

static void Fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static double Now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void Print(int64_t operations, double seconds) {
  printf("{\"operations\":%lld,\"seconds\":%.9f}\n", (long long)operations, seconds);
  fflush(stdout);
}

static void StatAll(const char* directory, int64_t count) {
  // Prime, and larger than any count: every file has its turn once.
  const int64_t step = 1000000007;
  if (chdir(directory) != 0) Fail(directory);
  const double started = Now();
  for (int64_t i = 0, number = 0; i < count; ++i, number = (number + step) % count) {
    char name[32];
    struct stat status;
    snprintf(name, sizeof name, "f%lld", (long long)number);
    if (stat(name, &status) != 0) Fail(name);
  }
  Print(count, Now() - started);
}

static void List(const char* path) {
  const double started = Now();
  DIR* const directory = opendir(path);
  if (directory == NULL) Fail(path);
  int64_t seen = 0;
  for (const struct dirent* entry; (entry = readdir(directory)) != NULL; ++seen) {
    struct stat status;
    if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      Fail(entry->d_name);
    }
  }
  closedir(directory);
  Print(seen, Now() - started);
}

static void Hold(const char* file, int64_t count, double seconds) {
  // As many as allowed: more can be set by whoever starts it.
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) Fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) Fail("setrlimit");
  for (int64_t i = 0; i < count; ++i) {
    if (open(file, O_RDONLY | O_CLOEXEC) < 0) Fail(file);
  }
  int64_t operations = 0;
  const double started = Now();
  for (; Now() < started + seconds; ++operations) {
    // Attributes are cached; who opens a file once more has to ask.
    const int again = open(file, O_RDONLY | O_CLOEXEC);
    if (again < 0 || close(again) != 0) Fail(file);
  }
  Print(operations, Now() - started);
  while (getchar() != EOF) {
  }
}

static void ReadAnywhere(const char* path, double seconds) {
  struct stat status;
  void* buffer = NULL;
  const int file = open(path, O_RDONLY | O_DIRECT);
  if (file < 0 || fstat(file, &status) != 0) Fail(path);
  if (posix_memalign(&buffer, kSmall, kSmall) != 0) Fail("posix_memalign");
  uint64_t random = 88172645463325252u;
  int64_t operations = 0;
  const double started = Now();
  for (; Now() < started + seconds; ++operations) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    const off_t place = (off_t)(random % (uint64_t)(status.st_size / kSmall)) * kSmall;
    if (pread(file, buffer, kSmall, place) != kSmall) Fail("pread");
  }
  Print(operations, Now() - started);
}

int main(int argc, char** argv) {
  const char* const what = argc > 2 ? argv[1] : "";
  const int64_t number = argc > 3 ? strtoll(argv[3], NULL, 10) : 0;
  if (strcmp(what, "stat") == 0 && number > 0) {
    StatAll(argv[2], number);
  } else if (strcmp(what, "list") == 0) {
    List(argv[2]);
  } else if (strcmp(what, "hold") == 0 && argc == 5) {
    Hold(argv[2], number, (double)strtoll(argv[4], NULL, 10) / 1e3);
  } else if (strcmp(what, "read") == 0 && number > 0) {
    ReadAnywhere(argv[2], (double)number / 1e3);
  } else {
    fprintf(stderr, "usage: growth stat|list|hold|read PATH [NUMBERS], see the source\n");
    return 2;
  }
  return 0;
}
