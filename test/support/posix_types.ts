/** What the calls of `Posix` take and answer. */

/** A path: text, or bytes where it is not UTF-8. */
export type Path = string | Buffer;

/** Open flags without their `O_`, e.g. `RDWR|CREAT|EXCL`. */
export type OpenFlags = string;

/** Nanoseconds since the epoch, or what utimensat(2) calls UTIME_NOW and UTIME_OMIT. */
export type Time = bigint | 'now' | 'omit';

export type FileKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character' | 'block';

export interface Stat {
  kind: FileKind;
  /** The lower 12 bits. */
  mode: number;
  ino: bigint;
  dev: bigint;
  nlink: number;
  uid: number;
  gid: number;
  size: number;
  /** Units of 512 bytes. */
  blocks: number;
  blksize: number;
  rdev: number;
  /** Nanoseconds since the epoch. */
  atime: bigint;
  mtime: bigint;
  ctime: bigint;
}

export interface StatVfs {
  bsize: number;
  frsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  flag: number;
  namemax: number;
}

export interface Lock {
  kind: 'read' | 'write';
  start: number;
  length: number;
  pid: number;
}

export type LockKind = 'read' | 'write' | 'unlock';

export const AT_FDCWD = null;
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const FALLOC_KEEP_SIZE = 1;
export const FALLOC_PUNCH_HOLE = 2;
export const FALLOC_COLLAPSE_RANGE = 8;
export const FALLOC_ZERO_RANGE = 16;
export const RESOLVE_NO_SYMLINKS = 4;
export const RESOLVE_BENEATH = 8;
