// Does one kind of operation on a mounted volume, over and over, and says how long each took.
// Usage: client DIRECTORY prepare
//        client DIRECTORY ROW THREADS MILLISECONDS, twice as many before it counts
// Prints one line of JSON: operations done, and before that, nanoseconds of the median and of the
// 99th percentile.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  kEntries = 10000,
  kSmall = 4096,
  kLarge = 1 << 20,
  kFileSize = 16 << 20,
  kMostSamples = 1 << 20,
  kMostThreads = 64,
  // Times the duration of what counts. A compiler at run time needs the 400 ms of a round for
  // listings when it shares one core with who asks for them.
  kWarmUp = 2,
};

struct Worker {
  pthread_t thread;
  int number;
  const struct Row* row;
  // When operations begin to count, when they end, and those before it.
  int64_t begin;
  int64_t end;
  size_t warm;
  uint32_t* samples;
  size_t count;
  // What a row keeps from one operation to the next.
  int file;
  uint8_t* buffer;
  uint64_t random;
};

struct Row {
  const char* name;
  void (*begin)(struct Worker*);
  void (*operate)(struct Worker*);
};

static void Fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t Now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint64_t Random(struct Worker* worker) {
  worker->random ^= worker->random << 13;
  worker->random ^= worker->random >> 7;
  worker->random ^= worker->random << 17;
  return worker->random;
}

static void Nothing(struct Worker* worker) {
  (void)worker;
}

static void LookUpMissing(struct Worker* worker) {
  char name[64];
  struct stat status;
  snprintf(name, sizeof name, "missing-%d", worker->number);
  if (stat(name, &status) == 0 || errno != ENOENT) Fail(name);
}

static void Stat(struct Worker* worker) {
  (void)worker;
  struct stat status;
  if (stat("data", &status) != 0) Fail("stat data");
}

static void OpenAndClose(struct Worker* worker) {
  (void)worker;
  const int file = open("data", O_RDONLY);
  if (file < 0 || close(file) != 0) Fail("open data");
}

static void OpenData(struct Worker* worker) {
  worker->file = open("data", O_RDWR | O_DIRECT);
  if (worker->file < 0) Fail("open data");
  if (posix_memalign((void**)&worker->buffer, kSmall, kLarge) != 0) Fail("posix_memalign");
  memset(worker->buffer, worker->number, kLarge);
}

static off_t Place(struct Worker* worker, size_t length) {
  return (off_t)(Random(worker) % (kFileSize / length) * length);
}

static void Read(struct Worker* worker, size_t length) {
  if (pread(worker->file, worker->buffer, length, Place(worker, length)) != (ssize_t)length) {
    Fail("pread");
  }
}

static void Write(struct Worker* worker, size_t length) {
  if (pwrite(worker->file, worker->buffer, length, Place(worker, length)) != (ssize_t)length) {
    Fail("pwrite");
  }
}

static void ReadSmall(struct Worker* worker) {
  Read(worker, kSmall);
}
static void ReadLarge(struct Worker* worker) {
  Read(worker, kLarge);
}
static void WriteSmall(struct Worker* worker) {
  Write(worker, kSmall);
}
static void WriteLarge(struct Worker* worker) {
  Write(worker, kLarge);
}

static void List(int with_attributes) {
  DIR* const directory = opendir("many");
  if (directory == NULL) Fail("opendir many");
  int seen = 0;
  for (const struct dirent* entry; (entry = readdir(directory)) != NULL; ++seen) {
    struct stat status;
    if (with_attributes && fstatat(dirfd(directory), entry->d_name, &status, 0) != 0) {
      Fail(entry->d_name);
    }
  }
  closedir(directory);
  if (seen < kEntries) Fail("entries are missing");
}

static void ListNames(struct Worker* worker) {
  (void)worker;
  List(0);
}

static void ListAttributes(struct Worker* worker) {
  (void)worker;
  List(1);
}

static void CreateAndUnlink(struct Worker* worker) {
  char name[64];
  snprintf(name, sizeof name, "new-%d", worker->number);
  const int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file < 0 || close(file) != 0) Fail(name);
  if (unlink(name) != 0) Fail(name);
}

static const struct Row kRows[] = {
    {"lookup", Nothing, LookUpMissing},       {"stat", Nothing, Stat},
    {"open", Nothing, OpenAndClose},          {"read4k", OpenData, ReadSmall},
    {"read1m", OpenData, ReadLarge},          {"write4k", OpenData, WriteSmall},
    {"write1m", OpenData, WriteLarge},        {"readdir", Nothing, ListNames},
    {"readdirstat", Nothing, ListAttributes}, {"create", Nothing, CreateAndUnlink},
};

static void Prepare(void) {
  struct Worker worker = {.number = 7, .random = 1};
  const int file = open("data", O_CREAT | O_RDWR, 0600);
  if (file < 0) Fail("create data");
  close(file);
  OpenData(&worker);
  for (off_t offset = 0; offset < kFileSize; offset += kLarge) {
    if (pwrite(worker.file, worker.buffer, kLarge, offset) != kLarge) Fail("write data");
  }
  close(worker.file);
  if (mkdir("many", 0700) != 0) Fail("mkdir many");
  for (int i = 0; i < kEntries; ++i) {
    char name[64];
    snprintf(name, sizeof name, "many/an-entry-with-a-name-%05d", i);
    const int entry = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (entry < 0 || close(entry) != 0) Fail(name);
  }
}

static void* Work(void* argument) {
  struct Worker* const worker = argument;
  worker->row->begin(worker);
  // Whatever there is to warm up.
  for (; Now() < worker->begin; ++worker->warm) worker->row->operate(worker);
  int64_t before = Now();
  do {
    worker->row->operate(worker);
    const int64_t after = Now();
    const int64_t taken = after - before;
    worker->samples[worker->count++] = taken > UINT32_MAX ? UINT32_MAX : (uint32_t)taken;
    before = after;
  } while (before < worker->end && worker->count < kMostSamples);
  return NULL;
}

static int Compare(const void* left, const void* right) {
  const uint32_t a = *(const uint32_t*)left;
  const uint32_t b = *(const uint32_t*)right;
  return a < b ? -1 : a > b;
}

static const struct Row* FindRow(const char* name) {
  for (size_t i = 0; i < sizeof kRows / sizeof *kRows; ++i) {
    if (strcmp(kRows[i].name, name) == 0) return &kRows[i];
  }
  fprintf(stderr, "there is no row %s\n", name);
  exit(2);
}

static void Measure(const struct Row* row, int threads, int64_t milliseconds) {
  static struct Worker workers[kMostThreads];
  const int64_t duration = milliseconds * 1000000;
  const int64_t begin = Now() + kWarmUp * duration;
  for (int i = 0; i < threads; ++i) {
    struct Worker* const worker = &workers[i];
    worker->number = i;
    worker->row = row;
    worker->random = 88172645463325252u + (uint64_t)i;
    worker->begin = begin;
    worker->end = begin + duration;
    worker->samples = malloc(sizeof(uint32_t) * kMostSamples);
    if (worker->samples == NULL) Fail("malloc");
    if (pthread_create(&worker->thread, NULL, Work, worker) != 0) Fail("pthread_create");
  }
  size_t count = 0;
  size_t warm = 0;
  for (int i = 0; i < threads; ++i) {
    pthread_join(workers[i].thread, NULL);
    count += workers[i].count;
    warm += workers[i].warm;
  }
  const int64_t taken = Now() - begin;
  uint32_t* const all = malloc(sizeof(uint32_t) * (count + 1));
  if (all == NULL || count == 0) Fail("no operation was done");
  size_t at = 0;
  for (int i = 0; i < threads; ++i) {
    memcpy(all + at, workers[i].samples, sizeof(uint32_t) * workers[i].count);
    at += workers[i].count;
  }
  qsort(all, count, sizeof *all, Compare);
  printf("{\"operations\":%zu,\"warm\":%zu,\"milliseconds\":%.3f,\"median\":%u,\"p99\":%u}\n",
         count, warm, (double)taken / 1e6, all[count / 2], all[count - 1 - count / 100]);
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    fprintf(stderr,
            "usage: client DIRECTORY prepare | client DIRECTORY ROW THREADS MILLISECONDS\n");
    return 2;
  }
  if (chdir(argv[1]) != 0) Fail(argv[1]);
  if (argc == 3) {
    Prepare();
    return 0;
  }
  const int threads = atoi(argv[3]);
  if (threads < 1 || threads > kMostThreads) {
    fprintf(stderr, "1 to %d threads\n", kMostThreads);
    return 2;
  }
  Measure(FindRow(argv[2]), threads, atoll(argv[4]));
  return 0;
}
