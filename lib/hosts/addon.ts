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
  /** Opens /dev/fuse and mounts it with mount(2). Needs CAP_SYS_ADMIN. */
  mountDirect(request: DirectMountRequest): Promise<FuseDevice>;
  /** Mounts through fusermount3, which needs no privilege. */
  mountWithHelper(request: HelperMountRequest): Promise<FuseDevice>;
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
   * Reads one request without blocking. Returns its length or -errno: -EAGAIN (-11) when none is
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
  /** Writes one reply that lies in two buffers. Results as of `send`. */
  sendParts(head: Uint8Array, headLength: number, body: Uint8Array, bodyLength: number): number;
  /**
   * Queues a notification (FUSE_NOTIFY_*): copied, and written by a thread of the device's own,
   * because the kernel may wait for locks that a request holds which this thread has to answer.
   * Errors of the kernel are ignored. False: the queue (65536) is full, or the device is gone.
   */
  notify(message: Uint8Array): boolean;
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
