/**
 * What Node's fs lacks for file systems that show a Windows directory: NT's own file functions,
 * relative to a directory and never leaving it, with share access, create dispositions, attributes,
 * security descriptors and streams. Failures are DokanErrors with the exact NTSTATUS. Importing this
 * works everywhere; opening a directory needs Windows.
 */
import { DokanError } from './errors.js';
import { loadWindowsAddon } from './hosts/dokan/addon.js';
import type {
  NativeDirectoryListing,
  NativeVolumeInformation,
  Win32FileFunctions,
} from './hosts/dokan/win32_files.js';
import type {
  CreateFileRequest,
  CreateResult,
  DiskFreeSpace,
  FileInformation,
  FileTimes,
  FindEntry,
  StreamEntry,
} from './operations.js';
import { NtStatus } from './status.js';

export type { NativeVolumeInformation as Win32VolumeInformation } from './hosts/dokan/win32_files.js';

/** NT counts time in this many nanoseconds. */
const NANOSECONDS = 100n;
const BLOCK = 512;

/** No file has this number. */
const CLOSED = 0;

/** FILE_SUPERSEDED and so on, in the order of their numbers. */
const RESULTS: readonly CreateResult[] = ['superseded', 'opened', 'created', 'overwritten'];

/** Where `queryFile` puts what. */
const Field = {
  ATTRIBUTES: 0,
  CREATION_TIME: 1,
  LAST_ACCESS_TIME: 2,
  LAST_WRITE_TIME: 3,
  CHANGE_TIME: 4,
  SIZE: 5,
  ALLOCATION_SIZE: 6,
  LINKS: 7,
  INDEX: 8,
  COUNT: 9,
} as const;

/** Written by each call, read before the next one. */
const outcome = new Uint8Array(2);
const information = new BigInt64Array(Field.COUNT);

function check(result: number): number {
  if (result < 0) throw new DokanError(result);
  return result;
}

function checkValue<T>(result: T | number): T {
  if (typeof result === 'number') throw new DokanError(result);
  return result;
}

/** A directory of Windows, and the way to everything below it. */
export class Win32Directory {
  readonly #functions: Win32FileFunctions;
  #root: number;

  /**
   * @param path - as Windows writes it; links in it are followed, other than in all further paths
   * @param caseSensitive - names that differ in case differ, where the directory agrees
   * @throws DokanError when there is no such directory
   * @throws AddonError when this is not Windows, or the addon does not load
   */
  constructor(path: string, { caseSensitive = false } = {}) {
    this.#functions = loadWindowsAddon();
    this.#root = check(this.#functions.openRoot(path, caseSensitive));
  }

  /**
   * NtCreateFile with the parameters of the request, and two of its own: the file is always opened
   * for synchronous calls (SYNCHRONIZE, SYNCHRONOUS_IO_NONALERT).
   * @param path - relative, `/`-separated, `''` for the directory itself. `..` and the like are
   *   OBJECT_NAME_INVALID; a link on the way is REPARSE_POINT_ENCOUNTERED, and one at the end too
   *   unless the options have OPEN_REPARSE_POINT
   * @throws DokanError with what NT answers; INVALID_PARAMETER for OPEN_BY_FILE_ID, which knows no
   *   directories
   */
  open(path: string, request: CreateFileRequest): Win32File {
    return openRelative(this.#functions, this.#root, path, request);
  }

  /** Describes what `path` names; a link itself. */
  query(path: string): FileInformation {
    check(this.#functions.queryPath(this.#root, path, information));
    return readInformation();
  }

  /**
   * Renames an open file. It must have been opened with DELETE access.
   * @param newPath - relative to this directory
   * @param replace - a file that has the name already goes, even an open one; otherwise that is
   *   OBJECT_NAME_COLLISION
   * @param asideName - as of `remove`, for the file that is replaced
   */
  rename(file: Win32File, newPath: string, replace: boolean, asideName: string): void {
    check(this.#functions.renameFile(file.number, this.#root, newPath, replace, asideName));
  }

  /**
   * Deletes an open file below this directory, and closes it in any case. Its name goes at once,
   * even while others have the file open. A file system that cannot do that keeps it for so long
   * under `asideName` in this directory.
   * @throws DokanError DELETE_PENDING where someone else has marked it, and the file was not opened
   *   with DELETE access: then it goes with its last handle
   */
  remove(file: Win32File, asideName: string): void {
    check(this.#functions.deleteNow(file.release(), this.#root, asideName));
  }

  volume(): NativeVolumeInformation {
    return checkValue(this.#functions.queryVolume(this.#root));
  }

  space(): DiskFreeSpace {
    const space = checkValue(this.#functions.querySpace(this.#root));
    const bytes = (value: number): number => Math.min(value, Number.MAX_SAFE_INTEGER);
    return {
      totalBytes: bytes(space.totalBytes),
      freeBytesAvailable: bytes(space.freeBytesAvailable),
      totalFreeBytes: bytes(space.totalFreeBytes),
    };
  }

  /** Files opened from it stay open; all else throws INVALID_HANDLE. Can be called again. */
  close(): void {
    const root = this.#root;
    this.#root = CLOSED;
    if (root !== CLOSED) this.#functions.closeFile(root);
  }
}

/** An open file or directory. Every method of a closed one but `close` throws INVALID_HANDLE. */
export class Win32File {
  readonly #functions: Win32FileFunctions;
  #number: number;
  readonly isDirectory: boolean;
  /** What opening it did. */
  readonly result: CreateResult;

  /** Not for use; see `Win32Directory.open`. */
  constructor(
    functions: Win32FileFunctions,
    number: number,
    isDirectory: boolean,
    result: CreateResult,
  ) {
    this.#functions = functions;
    this.#number = number;
    this.isDirectory = isDirectory;
    this.result = result;
  }

  /**
   * Of the native file functions; 0, which is no file's, when it is closed. What `file.backingFd` may
   * be: no descriptor of node:fs is as large as these.
   */
  get number(): number {
    return this.#number;
  }

  /** Not for use; see `Win32Directory.remove`. To this object the file is closed. */
  release(): number {
    const number = this.#number;
    this.#number = CLOSED;
    return number;
  }

  /** Another open of the same file, whatever its name is by now. */
  reopen(request: CreateFileRequest): Win32File {
    return openRelative(this.#functions, this.#number, '', request);
  }

  /** Can be called again: the number may be another file's by then. */
  close(): void {
    const number = this.release();
    if (number !== CLOSED) this.#functions.closeFile(number);
  }

  /**
   * @returns bytes read: fewer than the buffer has at the end of the file, or when an error came
   *   after some had been read
   */
  read(buffer: Uint8Array, offset: number): number {
    return check(this.#functions.readFile(this.#number, buffer, offset));
  }

  /**
   * @param append - at the end, whatever the offset says
   * @returns bytes written: fewer than given only when an error came after some had been written
   */
  write(data: Uint8Array, offset: number, append = false): number {
    return check(this.#functions.writeFile(this.#number, data, offset, append));
  }

  flush(): void {
    check(this.#functions.flushFile(this.#number));
  }

  /**
   * Locks a range against all other opens, or throws LOCK_NOT_GRANTED; it never waits.
   * @param exclusive - false: others may read it, and lock it like that too
   */
  lock(offset: number, length: number, exclusive = true): void {
    check(this.#functions.lockFile(this.#number, offset, length, exclusive));
  }

  /** @throws DokanError RANGE_NOT_LOCKED unless exactly this range is locked by this open */
  unlock(offset: number, length: number): void {
    check(this.#functions.unlockFile(this.#number, offset, length));
  }

  query(): FileInformation {
    check(this.#functions.queryFile(this.#number, information));
    return readInformation();
  }

  /** @param attributes - bits of `FileAttributes`; 0 leaves them */
  setAttributes(attributes: number): void {
    check(this.#functions.setBasic(this.#number, attributes, undefined, undefined, undefined));
  }

  /**
   * Sets times, cut to 100 ns.
   * @throws DokanError INVALID_PARAMETER for a time NT has no number for: up to the beginning of
   *   1601, or after 30827
   */
  setTimes({ creationTime, lastAccessTime, lastWriteTime }: FileTimes): void {
    check(
      this.#functions.setBasic(
        this.#number,
        0,
        toTicks(creationTime),
        toTicks(lastAccessTime),
        toTicks(lastWriteTime),
      ),
    );
  }

  setEndOfFile(length: number): void {
    check(this.#functions.setEndOfFile(this.#number, length));
  }

  /** Reserves bytes; cuts a file that is longer. */
  setAllocationSize(length: number): void {
    check(this.#functions.setAllocationSize(this.#number, length));
  }

  /**
   * Marks the file to be deleted with its last handle, or takes that back. It must have been opened
   * with DELETE access.
   * @throws DokanError with what forbids it: CANNOT_DELETE, DIRECTORY_NOT_EMPTY ...
   */
  setDelete(remove: boolean): void {
    check(this.#functions.setDelete(this.#number, remove));
  }

  /** The entries of a directory, as they are at this moment. */
  list(): Generator<FindEntry> {
    return entriesOf(checkValue(this.#functions.listDirectory(this.#number)));
  }

  /** The streams of a file. @throws DokanError INVALID_PARAMETER and others where there are none */
  streams(): StreamEntry[] {
    const { names, sizes } = checkValue(this.#functions.listStreams(this.#number));
    return names.map((name, index) => ({ name, size: sizes[index] ?? 0 }));
  }

  /** @param parts - bits of `SecurityInformation`. @returns a self-relative security descriptor */
  security(parts: number): Buffer {
    const bytes = checkValue(this.#functions.getSecurity(this.#number, parts));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @param descriptor - self-relative */
  setSecurity(parts: number, descriptor: Uint8Array): void {
    check(this.#functions.setSecurity(this.#number, parts, descriptor));
  }
}

function openRelative(
  functions: Win32FileFunctions,
  directory: number,
  path: string,
  request: CreateFileRequest,
): Win32File {
  const number = functions.openFile(
    directory,
    path,
    request.desiredAccess,
    request.fileAttributes,
    request.shareAccess,
    request.createDisposition,
    request.createOptions,
    request.securityDescriptor,
    outcome,
  );
  check(number);
  return new Win32File(functions, number, outcome[1] === 1, RESULTS[outcome[0] ?? 1] ?? 'opened');
}

function readInformation(): FileInformation {
  return {
    attributes: Number(information[Field.ATTRIBUTES]),
    creationTime: toNanoseconds(information[Field.CREATION_TIME]),
    lastAccessTime: toNanoseconds(information[Field.LAST_ACCESS_TIME]),
    lastWriteTime: toNanoseconds(information[Field.LAST_WRITE_TIME]),
    changeTime: toNanoseconds(information[Field.CHANGE_TIME]),
    size: Number(information[Field.SIZE]),
    blocks: blocksOf(Number(information[Field.ALLOCATION_SIZE])),
    linkCount: Number(information[Field.LINKS]),
    inode: toInode(BigInt.asUintN(64, information[Field.INDEX] ?? 0n)),
  };
}

function* entriesOf(listing: NativeDirectoryListing): Generator<FindEntry> {
  const { names, times, sizes, allocationSizes, attributes, indexes } = listing;
  for (const [index, name] of names.entries()) {
    const inode = indexes[index] ?? 0n;
    yield {
      name,
      attributes: attributes[index],
      creationTime: toNanoseconds(times[4 * index]),
      lastAccessTime: toNanoseconds(times[4 * index + 1]),
      lastWriteTime: toNanoseconds(times[4 * index + 2]),
      changeTime: toNanoseconds(times[4 * index + 3]),
      size: sizes[index],
      blocks: blocksOf(allocationSizes[index] ?? 0),
      // A file system that does not tell says 0.
      inode: inode === 0n ? undefined : toInode(inode),
    };
  }
}

function toNanoseconds(ticks = 0n): bigint {
  return ticks * NANOSECONDS;
}

/** Rounded down, also before 1970. */
function toTicks(nanoseconds: bigint | undefined): bigint | undefined {
  if (nanoseconds === undefined) return undefined;
  const rest = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  const ticks = (nanoseconds - rest) / NANOSECONDS;
  if (BigInt.asIntN(64, ticks) !== ticks) throw new DokanError(NtStatus.INVALID_PARAMETER);
  return ticks;
}

function toInode(index: bigint): number | bigint {
  return index <= Number.MAX_SAFE_INTEGER ? Number(index) : index;
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK);
}
