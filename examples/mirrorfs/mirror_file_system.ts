import { fdatasyncSync, fsyncSync, ftruncateSync } from 'node:fs';
import {
  DokanError,
  FileAttributes,
  FileMode,
  FileSystemFlags,
  NtStatus,
  type AllocatedRange,
  type CreateFileRequest,
  type CreateResult,
  type DiskFreeSpace,
  type DokanOperations,
  type FileContext,
  type FileInformation,
  type FileTimes,
  type FindEntry,
  type StreamEntry,
  type VolumeInformation,
} from 'node-dokan';
import { appendsOnly } from './access.js';
import type { BackingStore } from './backing_store.js';
import { ByteRangeLocks } from './byte_range_locks.js';
import { isMissing } from './failure.js';
import { readFully, writeFully, writeZeros } from './file_data.js';
import { listEntries } from './list_entries.js';
import { MirrorOpen } from './mirror_open.js';
import type { MirrorOptions } from './mirror_options.js';
import { NameMapping } from './name_mapping.js';
import type { NamedStream } from './named_stream.js';
import { openFile } from './open_file.js';
import { openStore } from './open_store.js';
import { ownerOfNew } from './owner.js';
import { existingOnly, WRITE_PROTECTED } from './write_protection.js';
import { StreamAccess } from './stream_access.js';

type File = FileContext<MirrorOpen>;

const LONGEST_NAME = 255;

/**
 * Shows a directory as a volume: every callback ends in the system call that does the same to the
 * directory. All answers are given at once, without a promise: a local disk rarely makes one wait
 * for as long as a trip through the event loop takes.
 */
export class MirrorFileSystem implements DokanOperations<MirrorOpen> {
  readonly #store: BackingStore;
  readonly #names: NameMapping;
  readonly #streams: StreamAccess | undefined;
  readonly #locks = new ByteRangeLocks<MirrorOpen>();
  readonly #readOnly: boolean;
  readonly #passthrough: boolean;
  readonly #volume: VolumeInformation;
  readonly #log: (line: string) => void;

  /**
   * @param root - the directory
   * @throws an errno error when there is no such directory
   */
  constructor(root: string, options: MirrorOptions = {}) {
    const { altStreams = true, readOnly = false, passthrough = true, hide } = options;
    const store = (options.openStore ?? openStore)(root);
    const attributes = altStreams ? store.extendedAttributes : undefined;
    const caseSensitive = options.caseSensitive ?? process.platform !== 'win32';
    this.#store = store;
    this.#names = new NameMapping(store, {
      mapColons: attributes !== undefined,
      caseSensitive: caseSensitive || process.platform === 'win32',
      hide,
    });
    if (attributes !== undefined) {
      this.#streams = new StreamAccess(store, attributes, this.#names);
    }
    this.#readOnly = readOnly;
    this.#passthrough = passthrough;
    this.#volume = {
      volumeName: 'mirrorfs',
      maximumComponentLength: LONGEST_NAME,
      fileSystemName: store.fileSystemName,
      fileSystemFlags:
        store.fileSystemFlags |
        (caseSensitive ? FileSystemFlags.CASE_SENSITIVE_SEARCH : 0) |
        (attributes === undefined ? 0 : FileSystemFlags.NAMED_STREAMS) |
        (readOnly ? FileSystemFlags.READ_ONLY_VOLUME : 0),
    };
    this.#log = options.log ?? (() => undefined);
  }

  /** Lets go of the directory, when the volume is gone. */
  dispose(): void {
    this.#store.dispose();
  }

  // Opening and closing

  createFile(path: string, asked: CreateFileRequest, file: File): CreateResult {
    const request = this.#readOnly ? existingOnly(asked) : asked;
    try {
      return this.#createFile(path, request, file);
    } catch (error) {
      // It would have been made, were this not read-only.
      throw request !== asked && isMissing(error) ? WRITE_PROTECTED : error;
    }
  }

  #createFile(path: string, request: CreateFileRequest, file: File): CreateResult {
    const owner = ownerOfNew(file);
    const named = this.#streams?.open(path, request, owner);
    if (named !== undefined) {
      file.isDirectory = false;
      file.context = new MirrorOpen(undefined, false, named.stream);
      return named.result;
    }
    const opened = openFile({ store: this.#store, path: this.#backing(path), request, owner });
    file.isDirectory = opened.isDirectory;
    file.context = new MirrorOpen(opened.fd, appendsOnly(request.desiredAccess));
    if (this.#passthrough && opened.isRegular) file.backingFd = opened.fd;
    return opened.result;
  }

  cleanup(path: string, file: File): void {
    const open = file.context;
    if (open.lockedInode !== undefined) this.#locks.release(open.lockedInode, open);
    if (!file.deletePending) return;
    try {
      if (open.stream !== undefined) open.stream.remove();
      else this.#store.remove(this.#backing(path), file.isDirectory);
    } catch (error) {
      // Somebody was faster: gone is gone.
      if (!isMissing(error)) throw error;
    }
  }

  closeFile(_path: string, file: File): void {
    file.context.close();
  }

  // Data

  readFile(_path: string, buffer: Buffer, offset: number, file: File): number {
    const { fd, stream } = file.context;
    if (fd !== undefined) return readFully(fd, buffer, offset);
    return requireStream(stream).read(buffer, offset);
  }

  writeFile(path: string, data: Buffer, offset: number, file: File): number {
    const open = file.context;
    const { fd } = open;
    if (fd === undefined) return requireStream(open.stream).write(data, offset, file);
    if (file.pagingIo) return this.#writePages(fd, data, offset);
    if (!file.writeToEndOfFile && !open.appendsOnly) return writeFully(fd, data, offset);
    // The system finds the end and writes there in one step: two who append do not meet.
    open.appendFd ??= this.#store.openForAppend(this.#backing(path), fd);
    return writeFully(open.appendFd, data, null);
  }

  /** Pages are whole, files need not be: what is beyond the end of the file is not written. */
  #writePages(fd: number, data: Buffer, offset: number): number {
    const { size = 0 } = this.#store.inspectOpen(fd);
    if (offset >= size) return 0;
    return writeFully(fd, data.subarray(0, size - offset), offset);
  }

  flushFileBuffers(_path: string, file: File): void {
    const { fd } = file.context;
    if (fd === undefined) return;
    // Without the times there is mostly nothing for the disk's journal.
    if (file.dataOnly) fdatasyncSync(fd);
    else fsyncSync(fd);
  }

  setEndOfFile(_path: string, length: number, file: File): void {
    this.#checkWritable();
    const { fd, stream } = file.context;
    if (stream !== undefined) stream.resize(length);
    else ftruncateSync(requireFd(fd), length);
  }

  setAllocationSize(path: string, length: number, file: File): void {
    this.#checkWritable();
    const { fd, stream } = file.context;
    const size = stream?.size ?? this.#store.inspectOpen(requireFd(fd)).size ?? 0;
    if (length < size) return this.setEndOfFile(path, length, file);
    if (fd !== undefined && length > 0) this.#store.reserve(fd, length);
  }

  queryAllocatedRange(_path: string, offset: number, file: File): AllocatedRange | undefined {
    const { fd, stream } = file.context;
    if (fd !== undefined) return this.#store.allocatedRange(fd, offset);
    const { size } = requireStream(stream);
    return offset < size ? { offset, length: size - offset } : undefined;
  }

  setZeroData(_path: string, offset: number, length: number, file: File): void {
    this.#checkWritable();
    const fd = requireFd(file.context.fd);
    const { size = 0 } = this.#store.inspectOpen(fd);
    const inside = Math.min(length, size - offset);
    if (inside <= 0) return;
    if (!this.#store.punchHole(fd, offset, inside)) writeZeros(fd, offset, inside);
  }

  // Attributes

  queryOpen(path: string): FileInformation | undefined {
    return this.#streams?.inspect(path) ?? this.#store.find(this.#backing(path));
  }

  getFileInformation(path: string, file: File): FileInformation {
    const { fd } = file.context;
    if (fd !== undefined) return this.#store.inspectOpen(fd);
    return this.#streams?.inspect(path) ?? this.#store.inspect(this.#backing(path));
  }

  /**
   * READONLY is the absence of write permission. The other attributes have no counterpart that
   * would not cost a second look at every file: they are accepted and forgotten.
   */
  setFileAttributes(path: string, attributes: number, file: File): void {
    this.#checkWritable();
    if (attributes === 0 || file.isDirectory) return;
    const readOnly = (attributes & FileAttributes.READONLY) !== 0;
    const information = this.getFileInformation(path, file);
    const wasReadOnly = ((information.attributes ?? 0) & FileAttributes.READONLY) !== 0;
    if (readOnly === wasReadOnly) return;
    const mode = information.mode ?? FileMode.REGULAR | 0o666;
    this.setMode(path, (readOnly ? mode & ~0o222 : mode | 0o200) & 0o7777, file);
  }

  setFileTime(path: string, times: FileTimes, file: File): void {
    this.#checkWritable();
    this.#store.setTimes(this.#backing(path), file.context.fd, times);
  }

  setMode(path: string, mode: number, file: File): void {
    this.#checkWritable();
    this.#store.setMode(this.#backing(path), file.context.fd, mode);
  }

  setOwner(path: string, uid: number | undefined, gid: number | undefined, file: File): void {
    this.#checkWritable();
    this.#store.setOwner(this.#backing(path), file.context.fd, uid, gid);
  }

  // Security descriptors are kept by nothing we mirror with: the library's default is shown.

  getFileSecurity(): Buffer {
    throw new DokanError(NtStatus.NOT_IMPLEMENTED);
  }

  setFileSecurity(): void {
    throw new DokanError(NtStatus.NOT_IMPLEMENTED);
  }

  // Directories and names

  findFiles(path: string, file: File): Iterable<FindEntry> {
    return listEntries(this.#store, this.#names, this.#backing(path), file.context);
  }

  findStreams(path: string, file: File): Iterable<StreamEntry> {
    if (this.#streams === undefined) throw new DokanError(NtStatus.NOT_IMPLEMENTED);
    return this.#streams.list(this.#backing(path), this.getFileInformation(path, file));
  }

  deleteFile(path: string, file: File): void {
    this.#checkRemovable(path, file);
  }

  deleteDirectory(path: string, file: File): void {
    if (file.deletePending) {
      const names = this.#store.list(this.#backing(path), file.context.fd);
      if (names.length > 0) throw new DokanError(NtStatus.DIRECTORY_NOT_EMPTY);
    }
    this.#checkRemovable(path, file);
  }

  /** `cleanup` cannot say that it failed: what could go wrong there is found out here. */
  #checkRemovable(path: string, file: File): void {
    if (!file.deletePending) return;
    this.#checkWritable();
    if (file.context.stream !== undefined) return;
    this.#store.checkRemovable(this.#backing(path), file.isDirectory);
  }

  moveFile(path: string, newPath: string, replaceIfExisting: boolean, file: File): void {
    this.#checkWritable();
    if (file.context.stream !== undefined) throw new DokanError(NtStatus.NOT_SUPPORTED);
    const from = this.#backing(path);
    this.#store.rename(from, this.#names.toBackingForRename(newPath, from), replaceIfExisting);
  }

  removeEntry(path: string, isDirectory: boolean): void {
    this.#checkWritable();
    this.#store.remove(this.#backing(path), isDirectory);
  }

  exchangeFiles(path: string, otherPath: string): void {
    this.#checkWritable();
    this.#store.exchange(this.#backing(path), this.#backing(otherPath));
  }

  readLink(path: string): string {
    return this.#store.readLink(this.#backing(path));
  }

  createSymbolicLink(path: string, target: string, file: File): void {
    this.#checkWritable();
    this.#store.makeSymbolicLink(this.#backing(path), target, ownerOfNew(file));
  }

  createHardLink(path: string, newPath: string): void {
    this.#checkWritable();
    this.#store.makeHardLink(this.#backing(path), this.#backing(newPath));
  }

  // Locks (option userModeLock)

  lockFile(path: string, offset: number, length: number, file: File): void {
    const open = file.context;
    open.lockedInode ??= this.getFileInformation(path, file).inode ?? 0;
    this.#locks.lock(open.lockedInode, open, offset, length);
  }

  unlockFile(_path: string, offset: number, length: number, file: File): void {
    const open = file.context;
    this.#locks.unlock(open.lockedInode ?? -1, open, offset, length);
  }

  // The volume

  getDiskFreeSpace(): DiskFreeSpace {
    return this.#store.diskFreeSpace();
  }

  getVolumeInformation(): VolumeInformation {
    return this.#volume;
  }

  mounted(mountPoint: string): void {
    this.#log(`mounted at ${mountPoint}`);
  }

  unmounted(): void {
    this.#log('unmounted');
  }

  // Helpers

  /** The backing store's path of a file; of the file itself, when `path` names a stream of it. */
  #backing(path: string): string {
    return this.#streams?.fileOf(path) ?? this.#names.toBacking(path);
  }

  #checkWritable(): void {
    if (this.#readOnly) throw WRITE_PROTECTED;
  }
}

function requireFd(fd: number | undefined): number {
  if (fd !== undefined) return fd;
  throw new DokanError(NtStatus.ACCESS_DENIED);
}

function requireStream(stream: NamedStream | undefined): NamedStream {
  if (stream !== undefined) return stream;
  throw new DokanError(NtStatus.ACCESS_DENIED);
}
