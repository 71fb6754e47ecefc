import type {
  AllocatedRange,
  DiskFreeSpace,
  FileInformation,
  FileTimes,
  FindEntry,
  Requestor,
} from 'node-dokan';

/**
 * The directory a mirror shows, as far as the systems differ in it. What they agree on, reading
 * and writing through a file descriptor, is no part of it.
 *
 * Paths are relative to the directory, `/`-separated, `''` for the directory itself, and never
 * lead out of it. Symbolic links are described, renamed and removed themselves. Methods that take
 * a path and a descriptor go by the descriptor where there is one: the path may be gone.
 *
 * Every method fails by throwing an error with an errno `code`, or a DokanError.
 */
export interface BackingStore {
  readonly fileSystemName: string;
  /** Bits of `FileSystemFlags`: what the store can do. */
  readonly fileSystemFlags: number;
  /** Where alternate streams are kept; absent where the system has its own, or none. */
  readonly extendedAttributes?: ExtendedAttributes | undefined;

  inspect(path: string): FileInformation;
  /** As `inspect`, but undefined when there is no such file: what is asked for all day throws nothing. */
  find(path: string): FileInformation | undefined;
  inspectOpen(fd: number): FileInformation;
  /**
   * One name of a directory that is open as `fd`, or not.
   * @param shown - the name the entry is to have
   * @returns undefined when there is no such name any more
   */
  findEntry(
    directory: string,
    fd: number | undefined,
    name: string,
    shown: string,
  ): FindEntry | undefined;
  /** The names in a directory, without `.` and `..`. */
  list(path: string, fd: number | undefined): readonly string[];

  /**
   * Opens what is there.
   * @param flags - of open(2), as in `fs.constants`
   */
  open(path: string, flags: number): number;
  /** Makes a file that must not be there yet, for `owner` where that is not us. */
  create(path: string, flags: number, mode: number, owner: Requestor | undefined): number;
  /** A second descriptor of an open file, whose writes all go to the end. */
  openForAppend(path: string, fd: number): number;
  makeDirectory(path: string, mode: number, owner: Requestor | undefined): void;

  /** @throws what `remove` would fail with; nothing is removed */
  checkRemovable(path: string, isDirectory: boolean): void;
  remove(path: string, isDirectory: boolean): void;
  rename(path: string, newPath: string, replace: boolean): void;
  exchange(path: string, otherPath: string): void;

  readLink(path: string): string;
  makeSymbolicLink(path: string, target: string, owner: Requestor | undefined): void;
  makeHardLink(path: string, newPath: string): void;

  setMode(path: string, fd: number | undefined, mode: number): void;
  setOwner(
    path: string,
    fd: number | undefined,
    uid: number | undefined,
    gid: number | undefined,
  ): void;
  setTimes(path: string, fd: number | undefined, times: FileTimes): void;

  /** Sets storage aside for the first `length` bytes, where that can be done. The size stays. */
  reserve(fd: number, length: number): void;
  /** The first run with storage at or after `offset`. */
  allocatedRange(fd: number, offset: number): AllocatedRange | undefined;
  /** Gives storage back. @returns false where that cannot be done: zeros are to be written */
  punchHole(fd: number, offset: number, length: number): boolean;

  diskFreeSpace(): DiskFreeSpace;
  dispose(): void;
}

/** Named values a file carries besides its data. */
export interface ExtendedAttributes {
  /** @throws a DokanError OBJECT_NAME_NOT_FOUND when there is no such value */
  get(path: string, name: string): Uint8Array;
  set(path: string, name: string, value: Uint8Array): void;
  /** Names without the `user.` of Linux. */
  list(path: string): readonly string[];
  remove(path: string, name: string): void;
}
