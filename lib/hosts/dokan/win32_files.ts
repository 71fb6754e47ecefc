/** What `queryVolume` answers. */
export interface NativeVolumeInformation {
  label: string;
  serialNumber: number;
  /** `NTFS`, `FAT32` ... */
  fileSystemName: string;
  /** Bits of `FileSystemFlags`. */
  fileSystemFlags: number;
  /** Longest name, in UTF-16 units. */
  maximumComponentLength: number;
}

/** What `querySpace` answers: bytes, rounded where they are more than 2^53. */
export interface NativeSpace {
  totalBytes: number;
  /** Within the quota of the process's user. */
  freeBytesAvailable: number;
  totalFreeBytes: number;
}

/** What `listDirectory` answers: parallel lists, without "." and "..". */
export interface NativeDirectoryListing {
  names: string[];
  /** Four of each entry: created, accessed, written, changed; units as of `queryFile`. */
  times: BigInt64Array;
  sizes: Float64Array;
  allocationSizes: Float64Array;
  attributes: Uint32Array;
  /** Identities, as of `queryFile`; 0 where the file system does not tell them in listings. */
  indexes: BigUint64Array;
}

/** What `listStreams` answers: names as `:name:$DATA`, the file's own data as `::$DATA`. */
export interface NativeStreamListing {
  names: string[];
  sizes: Float64Array;
}

/**
 * File functions of NT that node:fs lacks. All are synchronous. Those that return a number answer
 * what they promise, 0 or more, or what they failed with: the NTSTATUS as a signed number of 32
 * bits, which is negative. (`status >>> 0` is the usual form.) A wrong argument type throws a
 * TypeError.
 *
 * Files are numbers from `openRoot` and `openFile`, good until `closeFile`; any other number is
 * INVALID_HANDLE. The number of a closed file is given out again after eight million opens at the
 * earliest; 0 is never given out. What is open when the environment (process, Worker) ends is closed
 * then.
 *
 * `flushFile`, `queryFile`, `setBasic`, `setEndOfFile`, `setAllocationSize`, `deleteNow` and the two
 * for security work on any open file: where NT denies them because of what it was opened for, they
 * open it anew with what they need. ACCESS_DENIED is then for whom the file's security keeps out,
 * or the share access of others; DELETE_PENDING and FILE_DELETED for a file that is on its way out.
 *
 * Paths are relative to an open directory and `/`-separated; `''` is the directory itself. They
 * never lead out of it: `..`, an empty component, a `\` are OBJECT_NAME_INVALID, and so is a colon
 * anywhere but in the last component, where it introduces a stream. A junction or symbolic link
 * on the way is REPARSE_POINT_ENCOUNTERED, decided by the kernel itself (OBJ_DONT_REPARSE, Windows
 * 10 1607 and later). At the end of a path it is opened with OPEN_REPARSE_POINT, as what it is,
 * and else is the same error.
 */
export interface Win32FileFunctions {
  /**
   * Opens a directory for paths relative to it. This one path is Windows' own, absolute or relative
   * to the process's directory; the links in it are followed.
   * @param caseSensitive - names that differ in case differ, as far as the file system agrees
   * @returns a file number
   */
  openRoot(path: string, caseSensitive: boolean): number;

  /**
   * NtCreateFile. The handle is synchronous, and gets SYNCHRONIZE: SYNCHRONOUS_IO_NONALERT is added
   * to the options, and goes with no SYNCHRONOUS_IO_ALERT. OPEN_BY_FILE_ID is INVALID_PARAMETER: it
   * would open any file of the volume, wherever that is.
   * @param access - ACCESS_MASK, as all the following just as NT has it
   * @param securityDescriptor - self-relative, for a new file
   * @param outcome - two elements: what was done (FILE_SUPERSEDED 0, FILE_OPENED 1, FILE_CREATED 2,
   *   FILE_OVERWRITTEN 3), and 1 for a directory
   * @returns a file number
   */
  openFile(
    directory: number,
    path: string,
    access: number,
    attributes: number,
    share: number,
    disposition: number,
    options: number,
    securityDescriptor: Uint8Array | undefined,
    outcome: Uint8Array,
  ): number;

  /** @returns 0; INVALID_HANDLE when it is closed already */
  closeFile(file: number): number;

  /**
   * @returns bytes read: fewer than the buffer has at the end of the file, or when an error came
   *   after some had been read
   */
  readFile(file: number, buffer: Uint8Array, offset: number): number;

  /**
   * @param append - at the end, whatever the offset says
   * @returns bytes written: fewer than given only when an error came after some had been written
   */
  writeFile(file: number, data: Uint8Array, offset: number, append: boolean): number;

  flushFile(file: number): number;

  /**
   * Locks a range against all other opens, or fails with LOCK_NOT_GRANTED; it never waits.
   * @param exclusive - false: others may read it, and lock it like that too
   */
  lockFile(file: number, offset: number, length: number, exclusive: boolean): number;

  /** @returns 0; RANGE_NOT_LOCKED unless exactly this range is locked by this open */
  unlockFile(file: number, offset: number, length: number): number;

  /**
   * Describes an open file into `out`, 9 elements or more: attributes; times of creation, last
   * access, last write and change, in units of 100 ns since the Unix epoch; size, allocated size,
   * number of names, and identity within the volume. A file system that has no such time says 1601.
   */
  queryFile(file: number, out: BigInt64Array): number;

  /** As `queryFile`, by path. A link is described itself. */
  queryPath(directory: number, path: string, out: BigInt64Array): number;

  /**
   * Sets attributes and times.
   * @param attributes - 0 leaves them; NORMAL (0x80) takes them all away
   * @param creationTime - units as of `queryFile`; undefined leaves it. Times up to the beginning of
   *   1601 are INVALID_PARAMETER: NT has no number for them
   */
  setBasic(
    file: number,
    attributes: number,
    creationTime: bigint | undefined,
    lastAccessTime: bigint | undefined,
    lastWriteTime: bigint | undefined,
  ): number;

  setEndOfFile(file: number, length: number): number;

  /** Reserves bytes. Shortens a file that is longer. */
  setAllocationSize(file: number, length: number): number;

  /**
   * Marks the file to be deleted when its last handle closes, or takes the mark back. Needs DELETE
   * access. What refuses a deletion refuses here: READONLY, a directory that is not empty, a program
   * that is running.
   */
  setDelete(file: number, remove: boolean): number;

  /**
   * Deletes, and closes the file in any case, whatever is answered. The name goes at once, even while others have the file
   * open (FILE_DISPOSITION_POSIX_SEMANTICS). On a file system that cannot do that, such as FAT, the
   * file is renamed and goes with its last handle.
   * @param asideName - a name in `directory`, on the same volume, that it may have until then
   */
  deleteNow(file: number, directory: number, asideName: string): number;

  /**
   * Gives a file a new name. Needs DELETE access. `''`, the directory itself, is no name:
   * OBJECT_NAME_INVALID.
   * @param newPath - relative to `directory`
   * @param replace - a file that has the name already is replaced, even an open one (as by
   *   FILE_RENAME_POSIX_SEMANTICS); false: OBJECT_NAME_COLLISION
   * @param asideName - as of `deleteNow`, for the file that is replaced
   */
  renameFile(
    file: number,
    directory: number,
    newPath: string,
    replace: boolean,
    asideName: string,
  ): number;

  /** All entries of an open directory but "." and "..". */
  listDirectory(file: number): NativeDirectoryListing | number;

  /** INVALID_PARAMETER and the like where the file system has no streams. */
  listStreams(file: number): NativeStreamListing | number;

  /**
   * @param information - bits of `SecurityInformation`
   * @returns a self-relative security descriptor
   */
  getSecurity(file: number, information: number): Uint8Array | number;

  /** @param descriptor - self-relative; INVALID_SECURITY_DESCR unless it is whole */
  setSecurity(file: number, information: number, descriptor: Uint8Array): number;

  /** What the volume of an open file says of itself. */
  queryVolume(file: number): NativeVolumeInformation | number;

  querySpace(file: number): NativeSpace | number;
}
