// A file system in memory on libfuse's low-level interface: what C can do.
// Usage: memory_fs [-s] [-f] MOUNTPOINT (libfuse's own options; -s: one thread)
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { kBuckets = 1 << 16, kMaxName = 255 };

struct Node {
  struct stat status;
  struct Node* parent;
  char* name;
  uint8_t* data;
  size_t capacity;
  // Neighbours in the bucket of its name, and in its directory.
  struct Node* next_in_bucket;
  struct Node* next;
  struct Node* previous;
  struct Node* first_child;
  uint64_t lookups;
  bool is_linked;
};

static struct Node* buckets[kBuckets];
static struct Node root;
static uint64_t last_inode = FUSE_ROOT_ID;
// Lookups, reads and listings share it; whatever changes something has it alone.
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static struct Node* NodeOf(fuse_ino_t inode) {
  return inode == FUSE_ROOT_ID ? &root : (struct Node*)(uintptr_t)inode;
}

static fuse_ino_t InodeOf(const struct Node* node) {
  return node == &root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)node;
}

static struct Node** Bucket(const struct Node* parent, const char* name) {
  uint64_t hash = (uint64_t)(uintptr_t)parent * 0x9e3779b97f4a7c15u;
  for (; *name != '\0'; ++name) hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
  return &buckets[(hash >> 32 ^ hash) % kBuckets];
}

static struct Node* Find(const struct Node* parent, const char* name) {
  for (struct Node* node = *Bucket(parent, name); node != NULL; node = node->next_in_bucket) {
    if (node->parent == parent && strcmp(node->name, name) == 0) return node;
  }
  return NULL;
}

static void Link(struct Node* parent, const char* name, struct Node* node) {
  struct Node** const bucket = Bucket(parent, name);
  node->name = strdup(name);
  node->parent = parent;
  node->next_in_bucket = *bucket;
  *bucket = node;
  node->previous = NULL;
  node->next = parent->first_child;
  if (node->next != NULL) node->next->previous = node;
  parent->first_child = node;
  node->is_linked = true;
}

static void FreeIfForgotten(struct Node* node) {
  if (node == &root || node->is_linked || node->lookups > 0) return;
  free(node->data);
  free(node->name);
  free(node);
}

static void Unlink(struct Node* node) {
  struct Node** at = Bucket(node->parent, node->name);
  while (*at != node) at = &(*at)->next_in_bucket;
  *at = node->next_in_bucket;
  if (node->previous != NULL)
    node->previous->next = node->next;
  else
    node->parent->first_child = node->next;
  if (node->next != NULL) node->next->previous = node->previous;
  node->is_linked = false;
  node->status.st_nlink = 0;
  FreeIfForgotten(node);
}

// With the lock held by this thread alone.
static struct fuse_entry_param Enter(struct Node* node) {
  ++node->lookups;
  // No timeouts: every lookup and every stat is to be asked, as by all others in the comparison.
  return (struct fuse_entry_param){.ino = InodeOf(node), .attr = node->status};
}

static void LookUp(fuse_req_t request, fuse_ino_t parent, const char* name) {
  pthread_rwlock_rdlock(&lock);
  struct Node* const node = Find(NodeOf(parent), name);
  struct fuse_entry_param entry = {0};
  if (node != NULL) {
    __atomic_add_fetch(&node->lookups, 1, __ATOMIC_RELAXED);
    entry = (struct fuse_entry_param){.ino = InodeOf(node), .attr = node->status};
  }
  pthread_rwlock_unlock(&lock);
  if (node == NULL)
    fuse_reply_err(request, ENOENT);
  else
    fuse_reply_entry(request, &entry);
}

static void ForgetSome(struct Node* node, uint64_t count) {
  node->lookups -= count;
  FreeIfForgotten(node);
}

static void Forget(fuse_req_t request, fuse_ino_t inode, uint64_t count) {
  pthread_rwlock_wrlock(&lock);
  if (inode != FUSE_ROOT_ID) ForgetSome(NodeOf(inode), count);
  pthread_rwlock_unlock(&lock);
  fuse_reply_none(request);
}

static void ForgetMany(fuse_req_t request, size_t count, struct fuse_forget_data* forgets) {
  pthread_rwlock_wrlock(&lock);
  for (size_t i = 0; i < count; ++i) {
    if (forgets[i].ino != FUSE_ROOT_ID) ForgetSome(NodeOf(forgets[i].ino), forgets[i].nlookup);
  }
  pthread_rwlock_unlock(&lock);
  fuse_reply_none(request);
}

static void GetAttributes(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info* file) {
  (void)file;
  pthread_rwlock_rdlock(&lock);
  const struct stat status = NodeOf(inode)->status;
  pthread_rwlock_unlock(&lock);
  fuse_reply_attr(request, &status, 0);
}

static int Resize(struct Node* node, size_t size) {
  if (size > node->capacity) {
    const size_t capacity = size < 2 * node->capacity ? 2 * node->capacity : size;
    uint8_t* const data = realloc(node->data, capacity);
    if (data == NULL) return ENOSPC;
    memset(data + node->capacity, 0, capacity - node->capacity);
    node->data = data;
    node->capacity = capacity;
  } else if (size < (size_t)node->status.st_size) {
    memset(node->data + size, 0, (size_t)node->status.st_size - size);
  }
  node->status.st_size = (off_t)size;
  return 0;
}

static void SetAttributes(fuse_req_t request, fuse_ino_t inode, struct stat* wanted, int which,
                          struct fuse_file_info* file) {
  (void)file;
  pthread_rwlock_wrlock(&lock);
  struct Node* const node = NodeOf(inode);
  int error = 0;
  if (which & FUSE_SET_ATTR_SIZE) error = Resize(node, (size_t)wanted->st_size);
  if (which & FUSE_SET_ATTR_MODE) node->status.st_mode = wanted->st_mode;
  if (which & FUSE_SET_ATTR_MTIME) node->status.st_mtim = wanted->st_mtim;
  const struct stat status = node->status;
  pthread_rwlock_unlock(&lock);
  if (error != 0)
    fuse_reply_err(request, error);
  else
    fuse_reply_attr(request, &status, 0);
}

static struct Node* Make(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  struct Node* const node = calloc(1, sizeof *node);
  if (node == NULL) return NULL;
  const struct fuse_ctx* const context = fuse_req_ctx(request);
  node->status.st_ino = ++last_inode;
  node->status.st_mode = mode;
  node->status.st_nlink = 1;
  node->status.st_uid = context->uid;
  node->status.st_gid = context->gid;
  clock_gettime(CLOCK_REALTIME, &node->status.st_mtim);
  Link(NodeOf(parent), name, node);
  return node;
}

// Whether the name is free and a node was made of it; 0 or an errno.
static int MakeNew(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
                   struct fuse_entry_param* entry) {
  if (strlen(name) > kMaxName) return ENAMETOOLONG;
  pthread_rwlock_wrlock(&lock);
  int error = EEXIST;
  if (Find(NodeOf(parent), name) == NULL) {
    struct Node* const node = Make(request, parent, name, mode);
    error = node == NULL ? ENOSPC : 0;
    if (node != NULL) *entry = Enter(node);
  }
  pthread_rwlock_unlock(&lock);
  return error;
}

static void MakeDirectory(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  struct fuse_entry_param entry;
  const int error = MakeNew(request, parent, name, mode | S_IFDIR, &entry);
  if (error != 0)
    fuse_reply_err(request, error);
  else
    fuse_reply_entry(request, &entry);
}

static void Create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
                   struct fuse_file_info* file) {
  struct fuse_entry_param entry;
  const int error = MakeNew(request, parent, name, mode | S_IFREG, &entry);
  if (error != 0)
    fuse_reply_err(request, error);
  else
    fuse_reply_create(request, &entry, file);
}

static void Remove(fuse_req_t request, fuse_ino_t parent, const char* name) {
  pthread_rwlock_wrlock(&lock);
  struct Node* const node = Find(NodeOf(parent), name);
  if (node != NULL) Unlink(node);
  pthread_rwlock_unlock(&lock);
  fuse_reply_err(request, node == NULL ? ENOENT : 0);
}

static void Open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info* file) {
  (void)inode;
  fuse_reply_open(request, file);
}

static void Read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                 struct fuse_file_info* file) {
  (void)file;
  pthread_rwlock_rdlock(&lock);
  const struct Node* const node = NodeOf(inode);
  const off_t rest = node->status.st_size - offset;
  const size_t length = rest <= 0 ? 0 : (size_t)rest < size ? (size_t)rest : size;
  fuse_reply_buf(request, (const char*)node->data + offset, length);
  pthread_rwlock_unlock(&lock);
}

static void Write(fuse_req_t request, fuse_ino_t inode, const char* data, size_t size, off_t offset,
                  struct fuse_file_info* file) {
  (void)file;
  pthread_rwlock_wrlock(&lock);
  struct Node* const node = NodeOf(inode);
  const size_t end = (size_t)offset + size;
  const int error = end > (size_t)node->status.st_size ? Resize(node, end) : 0;
  if (error == 0) memcpy(node->data + offset, data, size);
  pthread_rwlock_unlock(&lock);
  if (error != 0)
    fuse_reply_err(request, error);
  else
    fuse_reply_write(request, size);
}

// A listing is put together when the directory is opened, with room for every entry.
struct Listing {
  size_t count;
  struct Node** nodes;
};

static void OpenDirectory(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info* file) {
  struct Listing* const listing = calloc(1, sizeof *listing);
  pthread_rwlock_wrlock(&lock);
  size_t room = 0;
  for (struct Node* node = NodeOf(inode)->first_child; node != NULL; node = node->next) ++room;
  listing->nodes = malloc((room + 1) * sizeof *listing->nodes);
  for (struct Node* node = NodeOf(inode)->first_child; node != NULL; node = node->next) {
    ++node->lookups;  // Kept as long as the listing.
    listing->nodes[listing->count++] = node;
  }
  pthread_rwlock_unlock(&lock);
  file->fh = (uintptr_t)listing;
  fuse_reply_open(request, file);
}

static void ReleaseDirectory(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info* file) {
  (void)inode;
  struct Listing* const listing = (struct Listing*)(uintptr_t)file->fh;
  pthread_rwlock_wrlock(&lock);
  for (size_t i = 0; i < listing->count; ++i) ForgetSome(listing->nodes[i], 1);
  pthread_rwlock_unlock(&lock);
  free(listing->nodes);
  free(listing);
  fuse_reply_err(request, 0);
}

static void List(fuse_req_t request, size_t size, off_t offset, struct fuse_file_info* file,
                 bool plus) {
  const struct Listing* const listing = (struct Listing*)(uintptr_t)file->fh;
  char* const buffer = malloc(size);
  size_t used = 0;
  if (plus)
    pthread_rwlock_wrlock(&lock);
  else
    pthread_rwlock_rdlock(&lock);
  for (size_t i = (size_t)offset; i < listing->count; ++i) {
    struct Node* const node = listing->nodes[i];
    if (!node->is_linked) continue;
    size_t length;
    if (plus) {
      const struct fuse_entry_param entry = {.ino = InodeOf(node), .attr = node->status};
      length = fuse_add_direntry_plus(request, buffer + used, size - used, node->name, &entry,
                                      (off_t)i + 1);
    } else {
      length = fuse_add_direntry(request, buffer + used, size - used, node->name, &node->status,
                                 (off_t)i + 1);
    }
    if (length > size - used) break;
    if (plus) ++node->lookups;
    used += length;
  }
  pthread_rwlock_unlock(&lock);
  fuse_reply_buf(request, buffer, used);
  free(buffer);
}

static void ReadDirectory(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                          struct fuse_file_info* file) {
  (void)inode;
  List(request, size, offset, file, false);
}

static void ReadDirectoryPlus(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                              struct fuse_file_info* file) {
  (void)inode;
  List(request, size, offset, file, true);
}

static void StatVolume(fuse_req_t request, fuse_ino_t inode) {
  (void)inode;
  const struct statvfs status = {.f_bsize = 4096,
                                 .f_frsize = 4096,
                                 .f_blocks = 1 << 20,
                                 .f_bfree = 1 << 19,
                                 .f_bavail = 1 << 19,
                                 .f_namemax = kMaxName};
  fuse_reply_statfs(request, &status);
}

static const struct fuse_lowlevel_ops kOperations = {
    .lookup = LookUp,
    .forget = Forget,
    .forget_multi = ForgetMany,
    .getattr = GetAttributes,
    .setattr = SetAttributes,
    .mkdir = MakeDirectory,
    .create = Create,
    .unlink = Remove,
    .rmdir = Remove,
    .open = Open,
    .read = Read,
    .write = Write,
    .opendir = OpenDirectory,
    .readdir = ReadDirectory,
    .readdirplus = ReadDirectoryPlus,
    .releasedir = ReleaseDirectory,
    .statfs = StatVolume,
};

int main(int argc, char** argv) {
  struct fuse_args arguments = FUSE_ARGS_INIT(argc, argv);
  struct fuse_cmdline_opts options;
  if (fuse_parse_cmdline(&arguments, &options) != 0 || options.mountpoint == NULL) return 2;
  root.status.st_mode = S_IFDIR | 0755;
  root.status.st_nlink = 2;
  root.status.st_ino = FUSE_ROOT_ID;
  root.status.st_uid = getuid();
  root.status.st_gid = getgid();
  struct fuse_session* const session =
      fuse_session_new(&arguments, &kOperations, sizeof kOperations, NULL);
  if (session == NULL) return 1;
  int result = 1;
  if (fuse_set_signal_handlers(session) == 0) {
    if (fuse_session_mount(session, options.mountpoint) == 0) {
      struct fuse_loop_config* const config = fuse_loop_cfg_create();
      fuse_loop_cfg_set_clone_fd(config, (unsigned)options.clone_fd);
      result =
          options.singlethread ? fuse_session_loop(session) : fuse_session_loop_mt(session, config);
      fuse_loop_cfg_destroy(config);
      fuse_session_unmount(session);
    }
    fuse_remove_signal_handlers(session);
  }
  fuse_session_destroy(session);
  free(options.mountpoint);
  fuse_opt_free_args(&arguments);
  return result == 0 ? 0 : 1;
}
