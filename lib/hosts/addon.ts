import { AddonError, loadAddon } from './load_addon.js';

export { AddonError };

/**
 * What the native addon offers on Linux. Paths and names are strings or bytes; a byte that is no
 * part of valid UTF-8 stands in a string as the lone surrogate U+DC00+byte, in both directions.
 */
export interface LinuxAddon extends FuseFunctions, PosixFunctions {}

/**
 * Why mounting or unmounting failed. `code` is the name of `errno`, or 'EHELPER' when the mount
 * helper ran and said no (then `exitCode` and `detail` are set and `errno` is not).
 */
export interface MountError extends Error {
  code: string;
  /** Positive errno. */
  errno?: number;
  /** What failed: 'open' (of /dev/fuse), 'mount', 'umount', 'spawn', 'helper', or 'claim'. */
  syscall: 'open' | 'mount' | 'umount' | 'spawn' | 'thread' | 'helper' | 'claim';
  /** What it was done to: the device, the mount point, or the helper's program. */
  path: string;
  /** Exit code of the helper; 128 + signal when it was killed. */
  exitCode?: number;
  /** What the helper wrote to stderr. */
  detail?: string;
}

/** A process that takes the mount away when this one is gone; see lib/hosts/fuse/guard.ts. */
export interface GuardRequest {
  /** Path of the program, then its arguments. Where it cannot be started the mount has no guard. */
  command: string[];
  /** All of it, as `NAME=value`. */
  environment: string[];
}

/** What both ways of mounting need. */
export interface PlaceRequest {
  /** Resolved to its real path before mounting. */
  mountPoint: string;
  /**
   * Mounts only while nothing is mounted there, and no other process of this package is about to
   * mount there or has a guard there: else rejects with EADDRINUSE of 'claim'. The claim is held
   * while mounting, and by the guard for as long as that lives. Default false.
   */
  claim?: boolean;
  /**
   * Started before the mount, in a session of its own. Its standard input gets a line with the
   * mount's number and device number (fields 1 and 3 of mountinfo) once it is there, another line when
   * the volume has ended in order, and the end of the file when this process is gone, or when
   * `close()` finds it still mounted. The claim is its descriptor 3.
   */
  guard?: GuardRequest | undefined;
}

/** Arguments of mount(2) on a device of our own. */
export interface DirectMountRequest extends PlaceRequest {
  /** First field of /proc/mounts. */
  source: string;
  /** 'fuse', or 'fuse.SUBTYPE'. */
  type: string;
  /** MS_* bits. */
  flags: number;
  /** Mount options without fd, rootmode, user_id and group_id, which are added. At most one page. */
  data: string;
}

/** Arguments of a mount by fusermount3. */
export interface HelperMountRequest extends PlaceRequest {
  /** The program: a path, or a name looked up in PATH. Runs without a shell. */
  helper: string;
  /** Its `-o` argument. */
  options: string;
}

/** A volume to be asked how it is: what mountinfo says of it. */
export interface VolumeProbe {
  mountPoint: string;
  /** "0:45" */
  deviceNumber: string;
  /** Who has mounted it; root asks in that user's name, for it may let nobody else in. */
  userId: number;
  groupId: number;
  /** Milliseconds to wait for the answer. */
  timeout: number;
}

/**
 * Mounting and unmounting. Each call runs on a thread of its own, not in libuv's pool: several
 * volumes unmounting while their file systems need the pool would wait for each other. A pending
 * call keeps the process alive. Everything rejects with a {@link MountError}, except wrong argument
 * types, which reject with a TypeError.
 */
export interface FuseFunctions {
  /** The nodes of a volume; made by itself it is a store of its own. */
  readonly SharedNodes: new () => SharedNodes;
  /**
   * The calling thread serves, with others, the volume whose device was shared.
   * @param id - as `FuseDevice.share` gave it
   * @throws MountError of 'open' when /dev/fuse cannot be opened once more, or the volume has ended
   */
  joinThreads(id: number): ThreadDevice;
  /** Opens /dev/fuse and mounts it with mount(2). Needs CAP_SYS_ADMIN. */
  mountDirect(request: DirectMountRequest): Promise<FuseDevice>;
  /** Mounts through fusermount3, which needs no privilege. */
  mountWithHelper(request: HelperMountRequest): Promise<FuseDevice>;
  /**
   * The number of the mount on top at a path, which no other one ever gets; 0 where it is not known:
   * Linux before 6.8, or a volume that does not let this user in. What is mounted there is not asked.
   */
  uniqueMountId(path: string): Promise<number>;
  /**
   * The number that such a mount has in the list of mounts: 0 when it is gone, -1 where that is not
   * known. Looks at no path, and so leaves the mark of MNT_EXPIRE alone.
   */
  listedMountId(uniqueId: number): Promise<number>;
  /**
   * Has the kernel write what it has not written yet to the file system of that directory, by
   * syncfs(2). Opens the directory. Unlike the others it does not keep the process alive, for it may
   * take for ever.
   */
  syncFileSystem(path: string): Promise<void>;
  /**
   * Asks a volume for its size, by a process of its own, which may stay behind when there is no
   * answer: it keeps nobody waiting, and ends with the volume at the latest. A volume that is being
   * asked is not asked by a second one. 'unknown': it lets this user not in, or cannot be reached.
   */
  probeVolume(probe: VolumeProbe): Promise<'live' | 'hung' | 'dead' | 'unknown'>;
  /**
   * Ends a connection through the kernel's control file system, mounted or (for root) not: whoever
   * waits gets ECONNABORTED. For root and the user who mounted; without effect for others.
   */
  abortConnection(deviceNumber: string): Promise<void>;
  /** umount2(2); flags are MNT_FORCE 1, MNT_DETACH 2, MNT_EXPIRE 4, UMOUNT_NOFOLLOW 8. */
  unmountDirect(mountPoint: string, flags: number): Promise<void>;
  /** Runs `helper -u [-z] -- mountPoint`; lazy is -z. */
  unmountWithHelper(helper: string, mountPoint: string, lazy: boolean): Promise<void>;
}

/**
 * What a thread that serves a volume with others has of its device. Belongs to that thread, and lives
 * until `close()` or the end of the thread: whoever waits for an answer of this thread then gets EIO.
 * Requests about the opens of one thread come to that thread, whoever has read them.
 */
export interface ThreadDevice {
  /** Number of the thread, from 1, of which no other one of the volume ever has the same. */
  readonly thread: number;
  nodes(): SharedNodes;
  /** Calls back whenever there may be a request, and when the connection has ended. Called once. */
  start(onReadable: () => void): void;
  /** As `FuseDevice.receive`; only so many threads of a volume spin at a time. */
  receive(buffer: Uint8Array, spinMicroseconds: number): number;
  /** As `FuseDevice.send`. */
  send(buffer: Uint8Array, length: number): number;
  /** As `FuseDevice.exchange`. */
  exchange(reply: Uint8Array, length: number, buffer: Uint8Array, spinMicroseconds: number): number;
  /** As `FuseDevice.sendParts`; the head has the whole header. */
  sendParts(head: Uint8Array, headLength: number, body: Uint8Array, bodyLength: number): number;
  /** As `FuseDevice.exchangeParts`. */
  exchangeParts(
    head: Uint8Array,
    headLength: number,
    body: Uint8Array,
    bodyLength: number,
    buffer: Uint8Array,
    spinMicroseconds: number,
  ): number;
  close(): void;
}

/**
 * The nodes of a volume that several threads serve. A node is named by its number and generation;
 * functions do nothing for one that is no longer there. What they do is what NodeTable
 * (lib/hosts/fuse/nodes.ts) says. Where a node is the result it is its number, 0 for none, and its
 * generation is in `results[0]`. `child` and `path` put in `results[1]` how many changes there were.
 */
export interface SharedNodes {
  readonly results: Float64Array;
  /** The generation that has the number; -1 for none. */
  find(id: number): number;
  child(parent: number, generation: number, name: string): number;
  /** Names of the children, in no order. */
  children(parent: number, generation: number): string[];
  /** `undefined` when `epoch` is still that of now, which else is in `results[0]`. */
  path(id: number, generation: number, epoch: number): string | undefined;
  /** The name; its directory's generation and number are in `results`. */
  place(id: number, generation: number): string | undefined;
  successorOf(id: number, generation: number): number;
  inode(id: number, generation: number): number | bigint | undefined;
  setInode(id: number, generation: number, inode: number | bigint | undefined): void;
  mode(id: number, generation: number): number;
  setMode(id: number, generation: number, mode: number): void;
  lookups(id: number, generation: number): number;
  /** What was set, as bytes; `undefined` where nothing was. */
  remains(id: number, generation: number): Uint8Array | undefined;
  setRemains(id: number, generation: number, remains: Uint8Array): void;
  size(): number;
  enter(
    parent: number,
    generation: number,
    name: string,
    inode: number | bigint | undefined,
    birth: number | bigint | undefined,
    links: number,
    mode: number,
    /** `enterFound` where it is given; `undefined` is the result when it is outdated. */
    asOf?: number,
    isListed?: boolean,
  ): number | undefined;
  describe(id: number, generation: number, birth: number | bigint | undefined, links: number): void;
  know(id: number, generation: number): void;
  forget(id: number, generation: number, count: number): void;
  unlink(parent: number, generation: number, name: string): void;
  unlinkFound(
    parent: number,
    generation: number,
    name: string,
    id: number,
    idGeneration: number,
    asOf: number,
  ): boolean;
  link(
    id: number,
    generation: number,
    parent: number,
    parentGeneration: number,
    name: string,
  ): void;
  rename(
    parent: number,
    generation: number,
    name: string,
    newParent: number,
    newGeneration: number,
    newName: string,
    id: number,
    idGeneration: number,
  ): void;
  exchange(
    parent: number,
    generation: number,
    name: string,
    otherParent: number,
    otherGeneration: number,
    otherName: string,
    id: number,
    idGeneration: number,
    otherId: number,
    otherIdGeneration: number,
  ): void;
  /** One more open of that thread. @param ways - what it is good for: 1 for reading, 2 for writing */
  addOpen(id: number, generation: number, thread: number, ways: number): void;
  removeOpen(id: number, generation: number, thread: number, ways: number): void;
}

/**
 * An open /dev/fuse with its mount. Belongs to the thread (environment) that mounted it and lives
 * until `close()`. When the environment ends without that (process.exit, an uncaught exception, the
 * end of a Worker), the device is closed and the mount detached: by umount2(MNT_DETACH) when it was
 * mounted directly, by the helper (waited for up to 2 s) otherwise, and only when the topmost mount
 * at the mount point is still this one. When the process is killed, the guard does it.
 */
export interface FuseDevice {
  /** The descriptor; -1 once closed. */
  readonly fd: number;
  /** "0:45", as in field 3 of mountinfo; '' when it could not be found. */
  readonly deviceNumber: string;
  /** The real path of the mount point, as mountinfo names it. */
  readonly mountPoint: string;
  /**
   * Whether it is mounted anywhere, were it out of everybody's reach. While it is, the kernel gives
   * `deviceNumber` to no other file system.
   */
  isMounted(): boolean;
  /**
   * Calls back on this thread's event loop whenever a request is there. Also when the connection
   * has ended (unmounted, aborted): then once, polling stops, and `receive` tells with -ENODEV or
   * -ECONNABORTED. What the callback throws is an uncaught exception. Called again, it replaces the
   * callback. Throws a {@link MountError} (EBADF) when the device is closed.
   */
  start(onReadable: () => void): void;
  /** Stops the callbacks; the device stays open. */
  stop(): void;
  /** Polling keeps the process alive (the default). */
  ref(): void;
  /** Polling does not keep the process alive. */
  unref(): void;
  /**
   * Reads one request without blocking. Returns its length, 0 when it was one that `serveBacking`
   * asks to have answered here, or -errno: -EAGAIN (-11) when none is
   * there, -ENODEV (-19) or -ECONNABORTED (-103) when the connection has ended, -EINVAL for a
   * buffer smaller than a request may be, -EFAULT for a detached buffer, -EBADF once closed.
   * @param spinMicroseconds keeps trying for that time, busily, before it returns -EAGAIN
   */
  receive(buffer: Uint8Array, spinMicroseconds: number): number;
  /**
   * Writes one reply: the first `length` bytes. Returns 0 or -errno: -ENOENT when the request was
   * interrupted and is not waited for any more, -EINVAL also for a length beyond the buffer.
   */
  send(buffer: Uint8Array, length: number): number;
  /**
   * `send` of the first `length` bytes of `reply`, then `receive`: in one call, which takes less than
   * two. Returns what `receive` does; -4096-errno when the reply was not sent, and nothing read.
   */
  exchange(reply: Uint8Array, length: number, buffer: Uint8Array, spinMicroseconds: number): number;
  /**
   * Writes one reply that lies in two buffers, the second one of any memory, a SharedArrayBuffer's too.
   * Results as of `send`.
   */
  sendParts(head: Uint8Array, headLength: number, body: Uint8Array, bodyLength: number): number;
  /** `sendParts`, then `receive`: in one call, with the results of `exchange`. */
  exchangeParts(
    head: Uint8Array,
    headLength: number,
    body: Uint8Array,
    bodyLength: number,
    buffer: Uint8Array,
    spinMicroseconds: number,
  ): number;
  /**
   * Queues a notification (FUSE_NOTIFY_*): copied, and written by a thread of the device's own,
   * because the kernel may wait for locks that a request holds which this thread has to answer.
   * Errors of the kernel are ignored. False: the queue (65536) is full, or the device is gone.
   */
  notify(message: Uint8Array): boolean;
  /**
   * Whether a descriptor can back an open with those flags of open(2): 0, -EBADF when it is not open,
   * -EISDIR, -EINVAL when it is no regular file, -EACCES when it is not open for reading or writing as
   * the flags are, or with O_DIRECT or (for writing) O_APPEND.
   */
  checkBacking(fd: number, openFlags: number): number;
  /**
   * FUSE_DEV_IOC_BACKING_OPEN: the kernel holds the file until `closeBacking`. With `forOthers`
   * writes through it take set-user-ID away whoever makes them.
   * @returns the backing id (from 1) or -errno: -EPERM without CAP_SYS_ADMIN, -ELOOP for a file on a
   *   stacked file system, -EOPNOTSUPP, -ENOTTY or -EINVAL on kernels that do not do it
   */
  openBacking(fd: number, forOthers: boolean): number;
  /** Whether the file with that backing id is the one of the descriptor. */
  isBacking(id: number, fd: number): boolean;
  /**
   * Whether the file of a descriptor has the data it had when the stamp was taken. When it has not,
   * the stamp becomes the present one, or NaN where that would not tell later data from these.
   * @param stamp 56 bytes: device, inode, size, and the times of writing and of change, each in
   *   seconds and nanoseconds, as doubles
   */
  isUnchangedBacking(fd: number, stamp: Uint8Array): boolean;
  /** FUSE_DEV_IOC_BACKING_CLOSE. */
  closeBacking(id: number): void;
  /**
   * From here on READ and WRITE requests with that handle are answered by `receive` itself, or by
   * threads of the device where a disk has to be waited for, from a duplicate of the descriptor. Not
   * a WRITE that takes set-user-ID away, nor what the descriptor is not open for.
   * @param mayExtend writes from the page cache may make the file longer (write-back cache)
   * @returns 0 or -errno
   */
  serveBacking(handle: number, fd: number, mayExtend: boolean): number;
  /** The handle is released. What is under way is done and answered. */
  endBacking(handle: number): void;
  /** Requests with the threads. */
  backingRequests(): number;
  /**
   * Other threads serve the volume: those that call `joinThreads` with the number it returns.
   * @param stateless - requests about open files go to any of them
   */
  share(stateless: boolean): number;
  /** Of a shared device; `undefined` else. */
  nodes(): SharedNodes | undefined;
  /** Some thread has a request that somebody waits for. */
  isWaitedFor(): boolean;
  /** There are requests that no thread has read, or one that writes is not answered. */
  isWriting(): boolean;
  /**
   * Stops polling and closes the device, which ends the connection: the kernel answers everything
   * with ENOTCONN from here on. The mount stays and is not detached at exit any more (a guard
   * detaches it). Can be called again.
   */
  close(): void;
}

/** What `readDirectory` returns: three parallel lists, without "." and "..". */
export interface DirectoryListing {
  names: string[];
  /** DT_* of each entry; 0 where the file system does not say. */
  types: Uint8Array;
  inodes: BigUint64Array;
}

/** A path or name: text (see {@link LinuxAddon} for bytes that are no text), or bytes as they are. */
export type BytePath = string | Uint8Array;

/**
 * Calls of the C library that node:fs lacks: relative to a directory's descriptor, never leaving
 * that directory and never following a symbolic link. All are synchronous and return -errno instead
 * of throwing; a wrong argument type throws a TypeError. Paths: "" and "." are the directory itself
 * where that makes sense (where an entry is made, removed or renamed, it is -EINVAL); an absolute
 * path or ".." is -EXDEV, a symbolic link on the way -ELOOP, a NUL -EINVAL, text that stands for no
 * bytes -EILSEQ. No path leads into a volume of this package that is mounted below the directory
 * (-ENOENT): it may be waiting for whoever asks. Whatever else is mounted there is entered.
 */
export interface PosixFunctions {
  /**
   * openat2(2). O_CLOEXEC is always added. A symbolic link at the end is -ELOOP, unless flags has
   * O_PATH|O_NOFOLLOW.
   * @returns a descriptor or -errno
   */
  openBeneath(dirFd: number, path: BytePath, flags: number, mode: number): number;
  /**
   * lstat(2) into `out` (18 elements or more): dev, ino, mode, nlink, uid, gid, rdev, size, blksize,
   * blocks, then atime, mtime, ctime and birth time in nanoseconds since the epoch (birth: -1 when
   * unknown), the low 64 bits of each and after those the high 64 bits of each. Elements 18 and up
   * are left alone.
   */
  statBeneath(dirFd: number, path: BytePath, out: BigInt64Array): number;
  /**
   * lstat(2) of one name in a directory, results as of `statBeneath`, in a third of its time. What
   * is mounted there is described, a volume of this package too: from what the kernel knows, for
   * nobody is asked who might be waiting for us. So it is exact for local file systems only.
   * @param name - no path: -EINVAL
   */
  statEntry(dirFd: number, name: BytePath, out: BigInt64Array): number;
  /** fstat(2), results as of `statBeneath`. */
  statFd(fd: number, out: BigInt64Array): number;
  /** unlinkat(2); flags: 0 or AT_REMOVEDIR (0x200). */
  unlinkBeneath(dirFd: number, path: BytePath, flags: number): number;
  /**
   * What `unlinkBeneath` would fail with, found out without trying: 0 or -errno. A directory is not
   * looked into (-ENOTEMPTY).
   */
  checkUnlinkBeneath(dirFd: number, path: BytePath, flags: number): number;
  /** mkdirat(2); the umask applies. */
  mkdirBeneath(dirFd: number, path: BytePath, mode: number): number;
  /** symlinkat(2); the target is stored as it is. */
  symlinkBeneath(target: BytePath, dirFd: number, path: BytePath): number;
  /** readlinkat(2). */
  readlinkBeneath(dirFd: number, path: BytePath): Uint8Array | number;
  /** linkat(2); a symbolic link gets a second name itself. */
  linkBeneath(dirFd: number, oldPath: BytePath, newPath: BytePath): number;
  /** renameat2(2); flags: RENAME_NOREPLACE 1, RENAME_EXCHANGE 2, RENAME_WHITEOUT 4. */
  renameBeneath(dirFd: number, oldPath: BytePath, newPath: BytePath, flags: number): number;
  /** mknodat(2); mode with the file type, the umask applies. */
  mknodBeneath(dirFd: number, path: BytePath, mode: number, rdev: number): number;
  /** Permission bits (07777) of the thing itself; -EOPNOTSUPP for a symbolic link. */
  chmodBeneath(dirFd: number, path: BytePath, mode: number): number;
  /** lchown(2); -1 leaves an id as it is. */
  chownBeneath(dirFd: number, path: BytePath, uid: number, gid: number): number;
  /** Nanoseconds since the epoch, negative before it. flags: bit 0 sets atime, bit 1 sets mtime. */
  utimesBeneath(
    dirFd: number,
    path: BytePath,
    atimeNs: bigint,
    mtimeNs: bigint,
    flags: number,
  ): number;
  /** The same of an open file. */
  utimesFd(fd: number, atimeNs: bigint, mtimeNs: bigint, flags: number): number;
  /** getxattr(2) of the thing itself. */
  getXattr(dirFd: number, path: BytePath, name: BytePath): Uint8Array | number;
  /** setxattr(2) of the thing itself; flags: XATTR_CREATE 1, XATTR_REPLACE 2. */
  setXattr(dirFd: number, path: BytePath, name: BytePath, value: Uint8Array, flags: number): number;
  /** listxattr(2) of the thing itself. */
  listXattr(dirFd: number, path: BytePath): string[] | number;
  /** removexattr(2) of the thing itself. */
  removeXattr(dirFd: number, path: BytePath, name: BytePath): number;
  /** fallocate(2); mode: FALLOC_FL_* bits. Offset and length in bytes. */
  fallocate(fd: number, mode: number, offset: number, length: number): number;
  /** lseek(2); whence: 0 to 2, SEEK_DATA 3, SEEK_HOLE 4. */
  seek(fd: number, offset: number, whence: number): number;
  /** All entries of a directory, in the file system's order. */
  readDirectory(dirFd: number, path: BytePath): DirectoryListing | number;
  /**
   * For tests: 0 makes paths be resolved component by component, as on kernels without openat2.
   * Returns the former setting. Applies to the whole process.
   */
  useOpenat2(enabled: 0 | 1): 0 | 1;
}

let loaded: LinuxAddon | undefined;

/**
 * Loads the addon on first use.
 * @throws AddonError when this is not Linux, or no build of the addon fits or loads
 */
export function loadLinuxAddon(): LinuxAddon {
  loaded ??= loadAddon('linux', 'FUSE volumes need Linux') as LinuxAddon;
  return loaded;
}
