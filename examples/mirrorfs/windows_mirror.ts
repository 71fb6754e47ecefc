import {
  CreateOptions,
  DokanError,
  FileAccess,
  FileSystemFlags,
  NtStatus,
  SecurityInformation,
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
import { Win32Directory, type Win32File } from 'node-dokan/win32';
import { failedWith, isMissing } from './failure.js';
import type { MirrorOptions } from './mirror_options.js';
import { WindowsNames } from './windows_names.js';
import { WindowsOpen } from './windows_open.js';
import { toBackingRequest } from './windows_request.js';
import { existingOnly, WRITE_PROTECTED } from './write_protection.js';

type File = FileContext<WindowsOpen>;

/** What the mirror passes on of what a volume may be able to do. */
const PASSED_ON =
  FileSystemFlags.CASE_SENSITIVE_SEARCH |
  FileSystemFlags.CASE_PRESERVED_NAMES |
  FileSystemFlags.UNICODE_ON_DISK |
  FileSystemFlags.PERSISTENT_ACLS |
  FileSystemFlags.SUPPORTS_SPARSE_FILES |
  FileSystemFlags.READ_ONLY_VOLUME;

/** Reading and setting it takes a privilege that few programs run with. */
const PRIVILEGED = SecurityInformation.SACL;

/** How file systems say that they have no streams, or do not know allocation. */
const UNKNOWN = ['INVALID_PARAMETER', 'INVALID_INFO_CLASS', 'NOT_IMPLEMENTED', 'NOT_SUPPORTED'];

/**
 * Shows a directory of Windows as a volume: every callback ends in the call of NT that does the same
 * to the directory, with the same parameters, and answers what that answers. So whatever NT has a
 * rule for (dispositions, access, sharing, attributes, deletion) is as on the disk.
 */
export class WindowsMirror implements DokanOperations<WindowsOpen> {
  readonly #directory: Win32Directory;
  readonly #names: WindowsNames;
  readonly #altStreams: boolean;
  readonly #readOnly: boolean;
  readonly #passthrough: boolean;
  readonly #log: (line: string) => void;

  /**
   * @param root - the directory
   * @throws DokanError when there is no such directory
   */
  constructor(root: string, options: MirrorOptions = {}) {
    const { altStreams = true, caseSensitive = false, readOnly = false, hide, log } = options;
    const { passthrough = true } = options;
    this.#directory = new Win32Directory(root, { caseSensitive });
    const identityOf = (path: string): number | bigint | undefined => this.#identityOf(path);
    this.#names = new WindowsNames({ altStreams, hide, identityOf });
    this.#altStreams = altStreams;
    this.#readOnly = readOnly;
    this.#passthrough = passthrough;
    this.#log = log ?? (() => undefined);
  }

  /** Lets go of the directory, when the volume is gone. */
  dispose(): void {
    this.#directory.close();
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
    const opened = this.#directory.open(this.#names.toBacking(path), toBackingRequest(request));
    const deletesOnClose = (request.createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0;
    file.isDirectory = opened.isDirectory;
    const { desiredAccess } = request;
    file.context = new WindowsOpen(this.#directory, opened, { desiredAccess, deletesOnClose });
    // Who gets whatever NT allows could write, which a mirror that is read-only must see.
    const mustAsk = this.#readOnly && (desiredAccess & FileAccess.MAXIMUM_ALLOWED) !== 0;
    if (this.#passthrough && !opened.isDirectory && !mustAsk) file.backingFd = opened.number;
    return opened.result;
  }

  cleanup(path: string, file: File): void {
    const opened = file.context.release(file.deletePending);
    if (opened === undefined) return;
    if (!file.deletePending) return opened.close();
    try {
      // A stream goes with its last handle, like everything did once.
      if (path.includes(':')) removeStream(opened);
      else this.#directory.remove(opened, this.#names.nextAside());
    } catch (error) {
      // Another open of the file was faster: gone is gone.
      if (!isMissing(error) && !failedWith(error, 'FILE_DELETED', 'DELETE_PENDING')) throw error;
    }
  }

  closeFile(_path: string, file: File): void {
    file.context.close();
  }

  // Data

  readFile(path: string, buffer: Buffer, offset: number, file: File): number {
    return file.context.read(this.#names.toBacking(path), buffer, offset);
  }

  writeFile(path: string, data: Buffer, offset: number, file: File): number {
    if (this.#readOnly) throw WRITE_PROTECTED;
    const { context: open, pagingIo, writeToEndOfFile } = file;
    const inner = this.#names.toBacking(path);
    if (pagingIo) return open.writePages(inner, data, offset);
    return open.write(inner, data, offset, writeToEndOfFile);
  }

  flushFileBuffers(_path: string, file: File): void {
    file.context.file?.flush();
  }

  setEndOfFile(_path: string, length: number, file: File): void {
    this.#toChange(file).setEndOfFile(length);
  }

  setAllocationSize(_path: string, length: number, file: File): void {
    const opened = this.#toChange(file);
    try {
      opened.setAllocationSize(length);
    } catch (error) {
      if (!failedWith(error, ...UNKNOWN)) throw error;
      // Nothing can be reserved, then; but what is beyond the allocation goes.
      if (length < (opened.query().size ?? 0)) opened.setEndOfFile(length);
    }
  }

  // Attributes

  queryOpen(path: string): FileInformation {
    return this.#directory.query(this.#names.toBacking(path));
  }

  getFileInformation(path: string, file: File): FileInformation {
    return file.context.query(this.#names.toBacking(path));
  }

  setFileAttributes(_path: string, attributes: number, file: File): void {
    const opened = this.#toChange(file);
    if (attributes !== 0) opened.setAttributes(attributes);
  }

  setFileTime(_path: string, times: FileTimes, file: File): void {
    this.#toChange(file).setTimes(times);
  }

  // Security descriptors

  getFileSecurity(_path: string, securityInformation: number, file: File): Buffer {
    const opened = requireOpen(file);
    try {
      return opened.security(securityInformation);
    } catch (error) {
      const parts = (securityInformation & ~PRIVILEGED) >>> 0;
      const isRefused = failedWith(error, 'ACCESS_DENIED', 'PRIVILEGE_NOT_HELD');
      if (!isRefused || parts === securityInformation || parts === 0) throw error;
      // Explorer always asks for all of it, and shows what it gets.
      return opened.security(parts);
    }
  }

  setFileSecurity(
    _path: string,
    securityInformation: number,
    descriptor: Buffer,
    file: File,
  ): void {
    this.#toChange(file).setSecurity(securityInformation, descriptor);
  }

  // Directories and names

  findFiles(path: string, file: File): Iterable<FindEntry> {
    return this.#names.visible(this.#names.toBacking(path), requireOpen(file).list());
  }

  findStreams(_path: string, file: File): Iterable<StreamEntry> {
    if (!this.#altStreams) throw new DokanError(NtStatus.NOT_IMPLEMENTED);
    const opened = requireOpen(file);
    try {
      return opened.streams();
    } catch (error) {
      if (!failedWith(error, ...UNKNOWN)) throw error;
      return opened.isDirectory ? [] : [{ name: '', size: opened.query().size ?? 0 }];
    }
  }

  deleteFile(_path: string, file: File): void {
    this.#setDelete(file);
  }

  deleteDirectory(_path: string, file: File): void {
    this.#setDelete(file);
  }

  /**
   * The mirrored file gets the mark itself: NT then refuses what it refuses (READONLY, a directory
   * that is not empty, a program that is running), and keeps new files out of a marked directory.
   * With DELETE_ON_CLOSE, others may open the file until it is closed: the mark is only tried.
   */
  #setDelete(file: File): void {
    const opened = this.#toChange(file);
    opened.setDelete(file.deletePending);
    if (file.deletePending && file.context.deletesOnClose) opened.setDelete(false);
  }

  moveFile(_path: string, newPath: string, replaceIfExisting: boolean, file: File): void {
    const opened = this.#toChange(file);
    const aside = this.#names.nextAside();
    this.#directory.rename(opened, this.#names.toBacking(newPath), replaceIfExisting, aside);
  }

  // Locks (option userModeLock)

  lockFile(_path: string, offset: number, length: number, file: File): void {
    requireOpen(file).lock(offset, length);
  }

  unlockFile(_path: string, offset: number, length: number, file: File): void {
    requireOpen(file).unlock(offset, length);
  }

  // The volume

  getDiskFreeSpace(): DiskFreeSpace {
    return this.#directory.space();
  }

  /** As of the volume the directory is on; the label is the mount option's. */
  getVolumeInformation(): VolumeInformation {
    const { serialNumber, maximumComponentLength, fileSystemName, fileSystemFlags } =
      this.#directory.volume();
    const streams = this.#altStreams ? fileSystemFlags & FileSystemFlags.NAMED_STREAMS : 0;
    return {
      serialNumber,
      maximumComponentLength,
      fileSystemName,
      fileSystemFlags:
        (fileSystemFlags & PASSED_ON) |
        streams |
        (this.#readOnly ? FileSystemFlags.READ_ONLY_VOLUME : 0),
    };
  }

  mounted(mountPoint: string): void {
    this.#log(`mounted at ${mountPoint}`);
  }

  unmounted(): void {
    this.#log('unmounted');
  }

  /** Of a link itself: what is mounted there may be this volume. */
  #identityOf(path: string): number | bigint | undefined {
    try {
      return this.#directory.query(path).inode;
    } catch {
      return undefined;
    }
  }

  #toChange(file: File): Win32File {
    if (this.#readOnly) throw WRITE_PROTECTED;
    return requireOpen(file);
  }
}

/** Nothing but data is asked for after `cleanup`. */
function requireOpen({ context: { file } }: File): Win32File {
  if (file !== undefined) return file;
  throw new DokanError(NtStatus.FILE_CLOSED);
}

function removeStream(stream: Win32File): void {
  try {
    stream.setDelete(true);
  } finally {
    stream.close();
  }
}
