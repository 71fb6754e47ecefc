import type { CreateResult, Timestamp } from '../../operations.js';
import { LEAVE_TIME, fromFileTime, toFileTime } from './file_time.js';
import type { EntryReply } from './backend.js';
import { flushFile, lockFile, readFile, unlockFile, writeFile } from './data_io.js';
import type { FileObject } from './file_object.js';
import * as information from './information.js';
import { nameFromPath, pathFromName } from './names.js';
import { LoopbackSection, type MapOptions } from './section.js';

const RESULTS: readonly CreateResult[] = ['superseded', 'opened', 'created', 'overwritten'];

/** Room for any security descriptor: the longest ACL there is, twice, and owner and group. */
const ENOUGH = 0x2_0000 + 0x1000;

/** What is known of a file: FILE_ALL_INFORMATION. Times are nanoseconds since the Unix epoch. */
export interface LoopbackStat {
  /** Bits of `FileAttributes`. */
  readonly attributes: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  /** Bytes. */
  readonly size: number;
  /** Bytes: `size` in whole allocation units. */
  readonly allocationSize: number;
  readonly linkCount: number;
  readonly inode: bigint;
  readonly isDirectory: boolean;
  /** The file goes with the cleanup of its last handle. */
  readonly deletePending: boolean;
}

/** One entry of a listing. Times are nanoseconds since the Unix epoch. */
export interface LoopbackEntry {
  readonly name: string;
  /** Bits of `FileAttributes`. */
  readonly attributes: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  /** Bytes. */
  readonly size: number;
}

/** What is to be changed of a file; the rest is left. */
export interface BasicChanges {
  /** Bits of `FileAttributes`. */
  readonly attributes?: number;
  readonly creationTime?: Timestamp;
  readonly lastAccessTime?: Timestamp;
  readonly lastWriteTime?: Timestamp;
}

/** How a byte range is locked; see NtLockFile. */
export interface LockOptions {
  /** False: others may lock it the same way, and read. Default true. */
  exclusive?: boolean;
  /** Wait for whoever has it, instead of LOCK_NOT_GRANTED. Default false. */
  wait?: boolean;
  /** Locks of different keys are different owners'. Default 0. */
  key?: number;
}

/**
 * A handle of an open file, or directory. Everything rejects with a `DokanError` of the NTSTATUS an
 * application on Windows would get; ACCESS_DENIED where the handle was not opened for it,
 * INVALID_HANDLE once it is closed.
 */
export class LoopbackFile implements AsyncDisposable {
  /** What opening it did. */
  readonly createResult: CreateResult;
  readonly #file: FileObject;

  /** Made by `LoopbackClient.create`. */
  constructor(file: FileObject) {
    this.#file = file;
    this.createResult = RESULTS[file.information] ?? 'opened';
  }

  /** Present path, as callbacks get it. */
  get path(): string {
    return pathFromName(this.#file.control.name);
  }

  get isDirectory(): boolean {
    return this.#file.control.isDirectory;
  }

  get processId(): number {
    return this.#file.processId;
  }

  /** Fulfilled when `closeFile` is done, which a mapping may hold up after `close`. */
  get closed(): Promise<void> {
    return this.#file.closed;
  }

  /**
   * Reads; fewer bytes than asked for only at the end of the file.
   * @param length - bytes
   * @param offset - bytes
   * @throws DokanError END_OF_FILE at and behind the end; FILE_LOCK_CONFLICT
   */
  read(length: number, offset = 0, { key = 0 }: { key?: number } = {}): Promise<Buffer> {
    return readFile(this.#file, offset, length, key);
  }

  /**
   * Writes.
   * @param offset - bytes; 'end' appends
   * @returns bytes written
   */
  write(data: Buffer | string, offset: number | 'end' = 0): Promise<number> {
    return writeFile(this.#file, offset, typeof data === 'string' ? Buffer.from(data) : data);
  }

  flush(): Promise<void> {
    return flushFile(this.#file);
  }

  /** @throws DokanError INVALID_PARAMETER whatever `getFileInformation` failed with: so does Dokan */
  async stat(): Promise<LoopbackStat> {
    const { links, index, ...rest } = await information.queryInformation(this.#file);
    return { ...rest, ...timesOf(rest), linkCount: links, inode: index };
  }

  /** Changes attributes and times: `setFileAttributes`, then `setFileTime`; a volume needs both. */
  setBasic(changes: BasicChanges): Promise<void> {
    const time = (value: Timestamp | undefined): bigint =>
      value === undefined ? LEAVE_TIME : toFileTime(value);
    return information.setBasic(this.#file, {
      attributes: changes.attributes ?? 0,
      creationTime: time(changes.creationTime),
      lastAccessTime: time(changes.lastAccessTime),
      lastWriteTime: time(changes.lastWriteTime),
    });
  }

  /** @param attributes - bits of `FileAttributes`; NORMAL for none */
  setAttributes(attributes: number): Promise<void> {
    return this.setBasic({ attributes });
  }

  setTimes(times: Omit<BasicChanges, 'attributes'>): Promise<void> {
    return this.setBasic(times);
  }

  /** @param size - bytes. @throws DokanError USER_MAPPED_FILE when a mapping is longer */
  setEndOfFile(size: number): Promise<void> {
    return information.setSize(this.#file, 'setEndOfFile', size);
  }

  /** @param size - bytes. @throws DokanError USER_MAPPED_FILE when a mapping is longer */
  setAllocationSize(size: number): Promise<void> {
    return information.setSize(this.#file, 'setAllocation', size);
  }

  /** SetFileValidData, which Dokan hands to `setEndOfFile`. @param size - bytes */
  setValidDataLength(size: number): Promise<void> {
    return information.setSize(this.#file, 'setValidDataLength', size);
  }

  /**
   * Marks the file for deletion with the cleanup of its last handle (SetFileInformationByHandle with
   * FileDispositionInfo); `false` takes that back.
   * @throws DokanError CANNOT_DELETE for a read-only file; what `deleteFile` or `deleteDirectory` says
   */
  delete(deletes = true): Promise<void> {
    return information.setDisposition(this.#file, deletes);
  }

  /**
   * Renames, to anywhere on the volume.
   * @param newPath - absolute; `:stream` names another stream of the same file
   * @param options - `replace`: what has the name already goes. Default false
   */
  rename(newPath: string, { replace = false }: { replace?: boolean } = {}): Promise<void> {
    return information.rename(this.#file, nameFromPath(newPath), replace);
  }

  /**
   * Lists the directory, `.` and `..` included where Dokan adds them. The listing is taken with the
   * first call and read on with later ones; so is its pattern.
   * @param pattern - DOS wildcards: `*`, `?`, and `<`, `>`, `"`; default all
   * @param options - `restart`: take it anew. `count`: at most so many entries, default all
   * @throws DokanError NO_SUCH_FILE when nothing matches, NO_MORE_FILES at the end
   */
  async list(
    pattern?: string,
    { restart = false, count = Infinity }: { restart?: boolean; count?: number } = {},
  ): Promise<LoopbackEntry[]> {
    const page = await information.queryDirectory(this.#file, pattern, restart, count);
    return page.map((entry) => ({ ...entry, ...timesOf(entry) }));
  }

  /**
   * Locks bytes. Without the option `userModeLock` the driver does; then others cannot read them,
   * but Dokan lets them write.
   * @throws DokanError LOCK_NOT_GRANTED
   */
  lock(offset: number, length: number, options: LockOptions = {}): Promise<void> {
    const { exclusive = true, wait = false, key = 0 } = options;
    return lockFile(this.#file, offset, length, { exclusive, wait, key });
  }

  /** @throws DokanError RANGE_NOT_LOCKED unless it is exactly a range that this handle has locked */
  unlock(offset: number, length: number, { key = 0 }: { key?: number } = {}): Promise<void> {
    return unlockFile(this.#file, offset, length, key);
  }

  /**
   * The security descriptor, self-relative.
   * @param parts - bits of `SecurityInformation`
   * @param room - bytes of the buffer; default enough for any
   * @throws DokanError BUFFER_OVERFLOW
   */
  async security(parts: number, room = ENOUGH): Promise<Buffer> {
    const { descriptor } = await information.querySecurity(this.#file, parts, room);
    return descriptor;
  }

  /**
   * @param parts - bits of `SecurityInformation`
   * @param descriptor - self-relative
   * @throws DokanError INVALID_PARAMETER whatever `setFileSecurity` failed with: so does Dokan
   */
  setSecurity(parts: number, descriptor: Buffer): Promise<void> {
    return information.setSecurity(this.#file, parts, descriptor);
  }

  /** The streams of the file, the unnamed one included. @throws DokanError without `altStreams` */
  async streams(): Promise<{ readonly name: string; readonly size: number }[]> {
    return [...(await information.queryStreams(this.#file))];
  }

  /**
   * Maps the file into memory: reads and writes through it reach the file system as paging I/O.
   * @throws DokanError MAPPED_FILE_SIZE_ZERO for an empty file
   */
  map(options: MapOptions = {}): Promise<LoopbackSection> {
    return LoopbackSection.create(this.#file, options);
  }

  /** Closes the handle: the file system's `cleanup`. More than once is once. */
  cleanup(): Promise<void> {
    return this.#file.cleanup();
  }

  /** Closes the handle and waits for `closeFile`, unless a mapping or a request keeps the open. */
  close(): Promise<void> {
    return this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

type Times = Pick<EntryReply, 'creationTime' | 'lastAccessTime' | 'lastWriteTime'>;

function timesOf({ creationTime, lastAccessTime, lastWriteTime }: Times): Times {
  return {
    creationTime: fromFileTime(creationTime),
    lastAccessTime: fromFileTime(lastAccessTime),
    lastWriteTime: fromFileTime(lastWriteTime),
  };
}
