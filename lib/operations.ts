import type { CreateDisposition } from './constants.js';

/** What a callback returns: the answer, or a promise of it. The answer itself is faster. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * A point in time as a callback may return it: nanoseconds since the Unix epoch (bigint, exact),
 * a Date, or milliseconds since the Unix epoch (number, fractions allowed).
 */
export type Timestamp = bigint | Date | number;

/** What `createFile` did. NT reports it to the application, so it must be exact. */
export type CreateResult = 'opened' | 'created' | 'overwritten' | 'superseded';

/** How a file is to be opened: the parameters of NtCreateFile. */
export interface CreateFileRequest {
  /** Access wanted: bits of `FileAccess`. */
  readonly desiredAccess: number;
  /** Attributes for a new file: bits of `FileAttributes`; 0 when nothing is asked. */
  readonly fileAttributes: number;
  /** What others may do meanwhile: bits of `ShareAccess`. The kernel enforces it, not the file system. */
  readonly shareAccess: number;
  /** What to do when the file is there or is not. */
  readonly createDisposition: CreateDisposition;
  /** Bits of `CreateOptions`. */
  readonly createOptions: number;
  /** Linux: permission bits for a new file, umask already applied. Absent where the host has none. */
  readonly mode?: number | undefined;
  /** Windows: self-relative security descriptor the application gave for a new file. */
  readonly securityDescriptor?: Buffer | undefined;
}

/**
 * What is known of a file. Everything may be left out: no `attributes` and no `mode` mean a plain
 * file, no `size` means 0, a missing time is the time the volume was mounted.
 */
export interface FileInformation {
  /** Bits of `FileAttributes`. Made from `mode` when absent. */
  attributes?: number | undefined;
  creationTime?: Timestamp | undefined;
  lastAccessTime?: Timestamp | undefined;
  lastWriteTime?: Timestamp | undefined;
  /** POSIX ctime: last change of the file or its attributes. Default: lastWriteTime. */
  changeTime?: Timestamp | undefined;
  /** Bytes, 0 to 2^53-1. */
  size?: number | undefined;
  /**
   * Identity of the file within the volume. Two names with one inode are one file (hard links). A
   * number that is used again for another file is told from it by `creationTime`.
   */
  inode?: number | bigint | undefined;
  /** Number of names of the file. Default 1 (2 for a directory). */
  linkCount?: number | undefined;
  /** Linux: POSIX mode, permission bits alone or with the file type. Made from `attributes` when absent. */
  mode?: number | undefined;
  /** Linux: owner. Default: the user who mounted the volume. */
  uid?: number | undefined;
  /** Linux: group. Default: the group of the user who mounted the volume. */
  gid?: number | undefined;
  /** Linux: storage in use, in units of 512 bytes. Default: from `size`. */
  blocks?: number | undefined;
  /** Linux: device number (`rdev` of stat) of a device file. */
  rdev?: number | undefined;
}

/** One entry of a directory listing: the name and what is known of the file. */
export interface FindEntry extends FileInformation {
  /**
   * The name, without path. An entry that has a name only is completed by the host with one
   * `queryOpen` where the application asks for more than names.
   */
  name: string;
}

/** One alternate stream of a file. */
export interface StreamEntry {
  /** The bare name (`notes`), or the whole form (`:notes:$DATA`). `''` and `::$DATA` are the file's own data. */
  name: string;
  /** Bytes. */
  size: number;
}

/** New times of a file; what is `undefined` stays as it is. */
export interface FileTimes {
  readonly creationTime: bigint | undefined;
  readonly lastAccessTime: bigint | undefined;
  readonly lastWriteTime: bigint | undefined;
}

/** Room on the volume, in bytes. */
export interface DiskFreeSpace {
  /** Free for the asking user (quotas). */
  freeBytesAvailable: number;
  totalBytes: number;
  totalFreeBytes: number;
}

/** What the volume says of itself. Each field has a default, from the mount options or from Dokan. */
export interface VolumeInformation {
  /** Label; at most 32 UTF-16 units reach Windows. */
  volumeName?: string | undefined;
  /** 32 bits. */
  serialNumber?: number | undefined;
  /** Longest name, in UTF-16 units (Windows) or bytes (Linux). Default 255. */
  maximumComponentLength?: number | undefined;
  /** Bits of `FileSystemFlags`. */
  fileSystemFlags?: number | undefined;
  /** `NTFS` unless there is a reason; at most 10 characters reach Windows. */
  fileSystemName?: string | undefined;
}

/**
 * What is in the drive: the medium that was there before, another one, or none. `'changed'` is
 * answered once per change, and `'present'` from then on: to answer it again means changed again.
 */
export type MediaState = 'present' | 'changed' | 'absent';

/** A run of bytes of a sparse file that has storage. */
export interface AllocatedRange {
  offset: number;
  length: number;
}

/** Who asks. */
export interface Requestor {
  /** Process id of the asking process; 0 when the kernel asks for itself. */
  readonly processId: number;
  /** Linux: user id; -1 where the host has none. */
  readonly userId: number;
  /** Linux: group id; -1 where the host has none. */
  readonly groupId: number;
  /**
   * Windows: the access token of the asking process or thread (which may impersonate another user).
   * It is opened when it is first asked for, and only `createFile` can: once that has answered, and
   * in every other callback, it is `undefined`.
   * @throws DokanError when Windows does not give it out
   */
  readonly token?: RequestorToken | undefined;
}

/** Windows: the access token of who opens a file. What it says stays readable when it is closed. */
export interface RequestorToken {
  /** Security identifier of the user: `S-1-5-...`. */
  readonly sid: string;
  /** Number of the terminal session. */
  readonly sessionId: number;
  /** How much the process is trusted, by its mandatory label: 0x1000 low, 0x2000 medium, 0x3000 high, 0x4000 system. */
  readonly integrityLevel: number;
  /** Gives the handle back. What is open when `createFile` has answered is closed then. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * One open of a file: the same object in every callback from `createFile` to `closeFile`.
 * Fields that describe the request (`processId`, `pagingIo`, `signal`, `requestor()` ...) are to be
 * read before the callback's first `await`: requests of one open may run at the same time.
 */
export interface FileContext<Context = unknown> {
  /** The file system's own; set it in `createFile`. */
  context: Context;
  /** The open is of a directory. `createFile` sets it when the path is one. */
  isDirectory: boolean;
  /** In `deleteFile`, `deleteDirectory`: what is asked for. In `cleanup`: delete the file now. */
  readonly deletePending: boolean;
  /** Process id of the asking process; 0 when the kernel asks for itself. */
  readonly processId: number;
  /** The request comes from the memory manager or page cache. A paging write never extends the file. */
  readonly pagingIo: boolean;
  readonly synchronousIo: boolean;
  /** The application bypasses caches (O_DIRECT, FILE_FLAG_NO_BUFFERING). */
  readonly noCache: boolean;
  /** `writeFile`: append, whatever the offset says. */
  readonly writeToEndOfFile: boolean;
  /**
   * Linux, `flushFileBuffers`: fdatasync(2) asks. Times and other metadata that reading the data back
   * does not need may stay where they are; a new size must not. Who makes no difference is right too.
   */
  readonly dataOnly: boolean;
  /**
   * A descriptor of this process, of a regular file that holds the data: set it in `createFile`, and
   * the reads and writes of this open are served below JavaScript. `readFile` and `writeFile` must
   * still work: they are asked wherever that cannot be done.
   *
   * Linux: the kernel itself or threads of the library serve it (the option `passthrough`); not with
   * `threads`, and not writes that take set-user-ID away. It must be open for what the open may do,
   * without O_DIRECT, and without O_APPEND where the open may write. A descriptor that is not goes to
   * the volume's 'error' event, as an `AnswerError` inside a CallbackError, and the open is served by
   * `readFile` and `writeFile`. A duplicate is kept: the file system closes its own when it likes.
   * Neither `operationTimeout` nor `checkMedia` applies to it.
   *
   * What is served so is not counted by `statistics()` and not told on the diagnostics channel. Where
   * the kernel of Linux does it, flags of the application's open count (O_SYNC, O_APPEND, O_DIRECT)
   * and those of the descriptor do not, with `allowOther` a write takes set-user-ID away whoever makes
   * it, and programs that have the file open go on reading and writing it when the volume is taken
   * away by force or its process is killed.
   *
   * Windows: it may also be the `number` of a `Win32File`. Dokan's threads serve it until `cleanup`,
   * from a duplicate of the handle. The callbacks are asked for what fails, for pages of mapped files,
   * and for everything where there is a `checkMedia`. What takes longer than `operationTimeout` is
   * cancelled. A value that is no file on a disk goes to the 'error' event; how it is open is not
   * looked at before it is used.
   */
  backingFd: number | undefined;
  /**
   * Fires when the kernel gives the request up: interrupted, timed out, volume gone. Its `reason`
   * is a DokanError that tells which.
   */
  readonly signal: AbortSignal;
  /** Who asks. */
  requestor(): Requestor;
  /**
   * Gives the running requests of this open more time.
   * @param milliseconds - time from now, instead of the rest of `operationTimeout`
   */
  resetTimeout(milliseconds: number): void;
}

/**
 * A file system: the callbacks of the Dokan user-mode library, in TypeScript. All are optional;
 * one that is absent when the volume is mounted behaves as a NULL callback does in Dokan.
 *
 * Paths are absolute, `/`-separated, without drive letter; `/file:stream` is a stream of a file.
 * A callback fails by throwing: a `DokanError`, or any error with an errno `code` (`ENOENT`).
 * Anything else thrown is a programming error: the request fails with INTERNAL_ERROR and the error
 * goes to the volume's 'error' event.
 *
 * Per open: `createFile`, any number of operations, one `cleanup` when the last user handle closes,
 * one `closeFile` when the kernel lets go. Reads and writes may come between the two (memory maps).
 */
export interface DokanOperations<Context = unknown> {
  /**
   * Opens or creates a file or directory. Sets `file.isDirectory` and `file.context`.
   * A new directory is asked for with CREATE and `CreateOptions.DIRECTORY_FILE`.
   * @returns what was done; may be left out for OPEN, CREATE and OVERWRITE, which leave no choice.
   */
  createFile?(
    path: string,
    request: CreateFileRequest,
    file: FileContext<Context>,
  ): Awaitable<CreateResult | undefined | void>;

  /** The last user handle is closed. With `file.deletePending` the file is deleted here. Cannot fail. */
  cleanup?(path: string, file: FileContext<Context>): Awaitable<void>;

  /** The kernel lets go of the open: release what `file.context` holds. Cannot fail. */
  closeFile?(path: string, file: FileContext<Context>): Awaitable<void>;

  /**
   * Fills `buffer` from byte `offset` of the file, or answers with the bytes where they lie.
   *
   * A `Uint8Array` lies in memory of the file system's own (a cache, a decoded block), which may be
   * a SharedArrayBuffer's. Linux is sent it from there, which pays from about 16 KiB; on Windows it is
   * copied into Dokan's memory. Until then it must stay as it is. Returned at once, it may change as
   * soon as anything else of this thread runs: the next callback, a promise's `then`. As the value of
   * a promise it may not change in those, but from the next turn of the event loop on: in a
   * `setImmediate` that is set once the promise is settled. Memory that is transferred away before
   * that makes the request fail.
   *
   * @param buffer - its length is what is wanted; it is the host's and must not be kept
   * @param offset - bytes
   * @returns bytes put into `buffer`, or the bytes read, no more than `buffer` has; fewer than wanted,
   *   down to 0, only at the end of the file
   */
  readFile?(
    path: string,
    buffer: Buffer,
    offset: number,
    file: FileContext<Context>,
  ): Awaitable<number | Uint8Array>;

  /**
   * Writes `data` at byte `offset`, or at the end with `file.writeToEndOfFile`.
   * @param data - the host's; must not be kept after the answer
   * @returns bytes written
   */
  writeFile?(
    path: string,
    data: Buffer,
    offset: number,
    file: FileContext<Context>,
  ): Awaitable<number>;

  /** Puts what was written on stable storage; with `file.dataOnly`, not necessarily its times. */
  flushFileBuffers?(path: string, file: FileContext<Context>): Awaitable<void>;

  getFileInformation?(path: string, file: FileContext<Context>): Awaitable<FileInformation>;

  /**
   * Lists a directory. `.` and `..` are the host's business. Entries are pulled as they are needed,
   * so a generator can list a directory of any size. Who wants no more than names is told of an entry
   * only its name, inode, mode and attributes, and its size where it has neither of the last two: fields
   * that are dear to find out may be getters.
   */
  findFiles?(
    path: string,
    file: FileContext<Context>,
  ): Awaitable<Iterable<FindEntry> | AsyncIterable<FindEntry>>;

  /**
   * Lists the entries that match a DOS wildcard pattern (`*`, `?`, `<`, `>`, `"`). Absent, or
   * throwing NOT_IMPLEMENTED: `findFiles`, filtered by the library.
   */
  findFilesWithPattern?(
    path: string,
    pattern: string,
    file: FileContext<Context>,
  ): Awaitable<Iterable<FindEntry> | AsyncIterable<FindEntry>>;

  /** @param attributes - bits of `FileAttributes`; 0 means leave them */
  setFileAttributes?(path: string, attributes: number, file: FileContext<Context>): Awaitable<void>;

  setFileTime?(path: string, times: FileTimes, file: FileContext<Context>): Awaitable<void>;

  /**
   * Asks whether the file may be deleted (`file.deletePending`), or says that it will not be after
   * all. Throw to refuse. The deletion itself happens in `cleanup`.
   */
  deleteFile?(path: string, file: FileContext<Context>): Awaitable<void>;

  /** As `deleteFile`, for a directory; refuse with DIRECTORY_NOT_EMPTY when it is not empty. */
  deleteDirectory?(path: string, file: FileContext<Context>): Awaitable<void>;

  /** @param replaceIfExisting - false: OBJECT_NAME_COLLISION when `newPath` is there */
  moveFile?(
    path: string,
    newPath: string,
    replaceIfExisting: boolean,
    file: FileContext<Context>,
  ): Awaitable<void>;

  /** Makes the file exactly `length` bytes long. */
  setEndOfFile?(path: string, length: number, file: FileContext<Context>): Awaitable<void>;

  /** Reserves `length` bytes. A file that is longer is cut; one that is shorter stays as long as it is. */
  setAllocationSize?(path: string, length: number, file: FileContext<Context>): Awaitable<void>;

  /** Locks a byte range; only with the option `userModeLock`. Taken: LOCK_NOT_GRANTED. */
  lockFile?(
    path: string,
    offset: number,
    length: number,
    file: FileContext<Context>,
  ): Awaitable<void>;

  unlockFile?(
    path: string,
    offset: number,
    length: number,
    file: FileContext<Context>,
  ): Awaitable<void>;

  getDiskFreeSpace?(file: FileContext<Context>): Awaitable<DiskFreeSpace>;

  getVolumeInformation?(file: FileContext<Context>): Awaitable<VolumeInformation>;

  /** The volume is mounted. @param mountPoint - what the system really assigned */
  mounted?(mountPoint: string, file: FileContext<Context>): Awaitable<void>;

  /** The volume is gone; every open has had its `cleanup` and `closeFile`. */
  unmounted?(file: FileContext<Context>): Awaitable<void>;

  /**
   * @param securityInformation - the parts wanted: bits of `SecurityInformation`
   * @returns a self-relative security descriptor
   */
  getFileSecurity?(
    path: string,
    securityInformation: number,
    file: FileContext<Context>,
  ): Awaitable<Buffer>;

  /** @param descriptor - self-relative; only the parts in `securityInformation` count */
  setFileSecurity?(
    path: string,
    securityInformation: number,
    descriptor: Buffer,
    file: FileContext<Context>,
  ): Awaitable<void>;

  /** Lists the alternate streams of a file; only with the option `altStreams`. */
  findStreams?(
    path: string,
    file: FileContext<Context>,
  ): Awaitable<Iterable<StreamEntry> | AsyncIterable<StreamEntry>>;

  /**
   * Attributes by path in one call; absent: `createFile`, `getFileInformation`, `cleanup`,
   * `closeFile`. A symbolic link is described itself, not followed. Returning undefined says that
   * there is no such file, as OBJECT_NAME_NOT_FOUND does, at a fraction of what throwing costs.
   */
  queryOpen?(path: string, file: FileContext<Context>): Awaitable<FileInformation | undefined>;

  /** Linux: the target of a symbolic link, as it was stored. */
  readLink?(path: string, file: FileContext<Context>): Awaitable<string>;

  /** Linux: makes `path` a symbolic link to `target`, which need not exist. */
  createSymbolicLink?(path: string, target: string, file: FileContext<Context>): Awaitable<void>;

  /** Linux: makes `newPath` another name of the file `path`. */
  createHardLink?(path: string, newPath: string, file: FileContext<Context>): Awaitable<void>;

  /** Linux: sets the permission bits (12 bits, no file type). */
  setMode?(path: string, mode: number, file: FileContext<Context>): Awaitable<void>;

  /** Linux: sets owner and group; `undefined` means leave. */
  setOwner?(
    path: string,
    uid: number | undefined,
    gid: number | undefined,
    file: FileContext<Context>,
  ): Awaitable<void>;

  /**
   * Linux: removes a file, or a directory that must be empty, in one call (unlink, rmdir): no
   * `createFile`, `deleteFile` or `deleteDirectory`, `cleanup`, `closeFile`, which are asked where
   * this is absent. Opens of the file go on without a name; a symbolic link is removed itself.
   * @param isDirectory - what it must be: else NOT_A_DIRECTORY or FILE_IS_A_DIRECTORY
   */
  removeEntry?(path: string, isDirectory: boolean, file: FileContext<Context>): Awaitable<void>;

  /** Linux: swaps two names at once (RENAME_EXCHANGE). Absent: EINVAL, as on file systems without it. */
  exchangeFiles?(path: string, otherPath: string, file: FileContext<Context>): Awaitable<void>;

  /**
   * The first run with storage at or after `offset` (FSCTL_QUERY_ALLOCATED_RANGES; SEEK_DATA and
   * SEEK_HOLE); `undefined` when there is only a hole up to the end. Absent: all is data.
   */
  queryAllocatedRange?(
    path: string,
    offset: number,
    file: FileContext<Context>,
  ): Awaitable<AllocatedRange | undefined>;

  /**
   * Makes a range read as zeros and frees its storage where it can (FSCTL_SET_ZERO_DATA;
   * FALLOC_FL_PUNCH_HOLE). The file's length stays. Absent: NOT_SUPPORTED.
   */
  setZeroData?(
    path: string,
    offset: number,
    length: number,
    file: FileContext<Context>,
  ): Awaitable<void>;

  /**
   * Removable media: says what is in the drive. Asked before files are opened and before whatever
   * goes by path, at most every `mediaCheckInterval` milliseconds and once more after a callback has
   * failed for want of the medium. Absent: the medium never changes. It is asked whether or not the
   * option `removable` is set, which only tells Windows what to call the drive.
   *
   * - `'absent'`: requests fail at once with NO_MEDIA_IN_DEVICE (ENOMEDIUM), only `cleanup` and
   *   `closeFile` come. The kernel is told to forget what it has cached.
   * - `'present'` after that: the same medium is back, and what is open can be used again.
   * - `'changed'`: what was open fails with WRONG_VOLUME (ESTALE) for good and gets its `cleanup`,
   *   never with `file.deletePending`, and `closeFile`. New opens are of the new medium.
   *
   * One check runs at a time. It may use the volume itself: what this process and those it has
   * started ask meanwhile is answered by what is known so far, and starts no check, on no volume of
   * this process. Other processes wait for a check, but no longer than a second; then, too, what is
   * known so far counts, until there is an answer.
   *
   * Throwing ENOENT, EIO, ENXIO, ENODEV, ENOMEDIUM, or a status that means them, says `'absent'`. After any
   * other failure, and when it takes longer than `operationTimeout` (`file.signal` fires), what was
   * known last stays true. There is no next check before one has come back.
   */
  checkMedia?(file: FileContext<Context>): Awaitable<MediaState>;
}
