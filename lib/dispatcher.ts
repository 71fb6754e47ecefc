import * as callbacks from './callbacks.js';
import type { Callback } from './callbacks.js';
import {
  NOT_IMPLEMENTED,
  type CallbackRunner,
  type CallbackStatistics,
} from './callback_runner.js';
import { CreateDisposition, CreateOptions, FileAccess, ShareAccess } from './constants.js';
import type { DispatcherOptions } from './dispatcher_options.js';
import { CallbackError, DokanError } from './errors.js';
import { FindFiles } from './find_files.js';
import type { Listing } from './listing.js';
import { NO_CALLER, OpenFile } from './open_file.js';
import { OpenFiles } from './open_files.js';
import type {
  AllocatedRange,
  CreateFileRequest,
  DiskFreeSpace,
  DokanOperations,
  FileInformation,
  FileTimes,
  FindEntry,
  MediaState,
  StreamEntry,
  VolumeInformation,
} from './operations.js';
import { andThen, type Outcome } from './outcome.js';
import { isMissing, NtStatus } from './status.js';
import { withOpen, type Caller, type Open, type RequestTarget } from './target.js';
import { diskFreeSpace, volumeInformation } from './volume_defaults.js';
import { withinGrace } from './within_grace.js';

export type { CallbackStatistics, RequestEvent } from './callback_runner.js';
export type { DispatcherOptions } from './dispatcher_options.js';

// Asked for often, and always the same: made once, thrown many times.
const NOT_FOUND = new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);

const QUERY_REQUEST: CreateFileRequest = {
  desiredAccess: FileAccess.READ_ATTRIBUTES,
  fileAttributes: 0,
  shareAccess: ShareAccess.ALL,
  createDisposition: CreateDisposition.OPEN,
  createOptions: CreateOptions.OPEN_REPARSE_POINT,
};

/** Turns requests into callbacks of one file system: every host's way to the user's code. */
export class Dispatcher implements RequestTarget {
  readonly #options: DispatcherOptions;
  readonly #runner: CallbackRunner;
  readonly #findFiles: FindFiles;
  readonly #opens: OpenFiles;
  #ending: Promise<void> | undefined = undefined;

  constructor(operations: DokanOperations, options: DispatcherOptions) {
    this.#options = options;
    this.#opens = new OpenFiles(operations, options, this);
    this.#runner = this.#opens.runner;
    this.#findFiles = new FindFiles(this.#runner, options);
  }

  /** Opens whose closeFile is not done. */
  get openCount(): number {
    return this.#opens.size;
  }

  /** Requests waiting for a promise. */
  get outstandingCount(): number {
    return this.#runner.outstandingCount;
  }

  /** The counters of every callback that was called. */
  statistics(): Partial<Record<keyof DokanOperations, CallbackStatistics>> {
    return this.#runner.statistics();
  }

  /** @param tell - called when the medium of a volume goes, comes back or is another one */
  onMediaChange(tell: (state: MediaState) => void): void {
    if (this.#runner.media !== undefined) this.#runner.media.whenChanged = tell;
  }

  supports(callback: keyof DokanOperations): boolean {
    return this.#runner.supports(callback);
  }

  report(callback: keyof DokanOperations, path: string, mistake: unknown): void {
    this.#options.onError(new CallbackError(callback, path, mistake));
  }

  createFile(path: string, request: CreateFileRequest, caller: Caller): Outcome<OpenFile> {
    return this.#opens.create(path, request, caller);
  }

  cleanup(open: Open, path: string, caller: Caller): Outcome<void> {
    return this.#opens.cleanup(open as OpenFile, path, caller);
  }

  closeFile(open: Open, path: string, caller: Caller): Outcome<void> {
    return this.#opens.close(open as OpenFile, path, caller);
  }

  readFile(
    open: Open,
    path: string,
    buffer: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Outcome<number | Uint8Array> {
    const file = open as OpenFile;
    return this.#runner.run(callbacks.readFile, file, path, caller, buffer, offset, io);
  }

  writeFile(
    open: Open,
    path: string,
    data: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Outcome<number> {
    const file = open as OpenFile;
    return this.#runner.run(callbacks.writeFile, file, path, caller, data, offset, io);
  }

  flushFileBuffers(open: Open, path: string, io: number, caller: Caller): Outcome<void> {
    const file = open as OpenFile;
    // Dokan answers success for a file system without the callback.
    if (!this.#runner.has(callbacks.flushFileBuffers)) {
      return this.#runner.demandMedium(file, caller);
    }
    const row = callbacks.flushFileBuffers;
    return this.#runner.run(row, file, path, caller, undefined, undefined, io);
  }

  getFileInformation(open: Open, path: string, caller: Caller): Outcome<FileInformation> {
    const row = callbacks.getFileInformation;
    const information = this.#on(row, open, path, caller, undefined, undefined);
    const { medium } = open as OpenFile;
    // Hosts may keep it, which those of a medium that has gone meanwhile must not be.
    return medium === undefined ? information : medium.guard(information);
  }

  findFiles(
    open: Open,
    path: string,
    pattern: string | undefined,
    caller: Caller,
  ): Outcome<Listing<FindEntry>> {
    return this.#findFiles.findFiles(open as OpenFile, path, pattern, caller);
  }

  findStreams(open: Open, path: string, caller: Caller): Outcome<Listing<StreamEntry>> {
    return this.#findFiles.findStreams(open as OpenFile, path, caller);
  }

  setFileAttributes(open: Open, path: string, attributes: number, caller: Caller): Outcome<void> {
    return this.#on(callbacks.setFileAttributes, open, path, caller, attributes, undefined);
  }

  setFileTime(open: Open, path: string, times: FileTimes, caller: Caller): Outcome<void> {
    return this.#on(callbacks.setFileTime, open, path, caller, times, undefined);
  }

  setDisposition(open: Open, path: string, deletePending: boolean, caller: Caller): Outcome<void> {
    const file = open as OpenFile;
    // As in Dokan, deleting needs both: a file system with one of them cannot keep its promise.
    if (!this.#runner.has(callbacks.deleteFile) || !this.#runner.has(callbacks.deleteDirectory)) {
      throw NOT_IMPLEMENTED;
    }
    const row = file.isDirectory ? callbacks.deleteDirectory : callbacks.deleteFile;
    const before = file.deletePending;
    file.deletePending = deletePending;
    try {
      const agreed = this.#runner.run(row, file, path, caller, undefined, undefined);
      if (!(agreed instanceof Promise)) return;
      return agreed.catch((error: unknown) => {
        file.deletePending = before;
        throw error;
      });
    } catch (error) {
      file.deletePending = before;
      throw error;
    }
  }

  moveFile(
    open: Open,
    path: string,
    newPath: string,
    replaceIfExisting: boolean,
    caller: Caller,
  ): Outcome<void> {
    return this.#on(callbacks.moveFile, open, path, caller, newPath, replaceIfExisting);
  }

  setEndOfFile(open: Open, path: string, length: number, caller: Caller): Outcome<void> {
    return this.#on(callbacks.setEndOfFile, open, path, caller, length, undefined);
  }

  setAllocationSize(open: Open, path: string, length: number, caller: Caller): Outcome<void> {
    return this.#on(callbacks.setAllocationSize, open, path, caller, length, undefined);
  }

  lockFile(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Outcome<void> {
    if (!this.#options.userModeLock) throw NOT_IMPLEMENTED;
    return this.#on(callbacks.lockFile, open, path, caller, offset, length);
  }

  unlockFile(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Outcome<void> {
    if (!this.#options.userModeLock) throw NOT_IMPLEMENTED;
    return this.#on(callbacks.unlockFile, open, path, caller, offset, length);
  }

  getDiskFreeSpace(caller: Caller): Outcome<DiskFreeSpace> {
    return diskFreeSpace(this.#runner, caller);
  }

  getVolumeInformation(caller: Caller): Outcome<Required<VolumeInformation>> {
    return volumeInformation(this.#runner, this.#options, caller);
  }

  getFileSecurity(
    open: Open,
    path: string,
    securityInformation: number,
    caller: Caller,
  ): Outcome<Buffer> {
    const row = callbacks.getFileSecurity;
    return this.#on(row, open, path, caller, securityInformation, undefined);
  }

  setFileSecurity(
    open: Open,
    path: string,
    securityInformation: number,
    descriptor: Buffer,
    caller: Caller,
  ): Outcome<void> {
    const row = callbacks.setFileSecurity;
    return this.#on(row, open, path, caller, securityInformation, descriptor);
  }

  queryOpen(path: string, caller: Caller): Outcome<FileInformation> {
    return this.#runner.has(callbacks.queryOpen)
      ? andThen(this.lookUp(path, caller), checkFound, undefined)
      : withOpen(this, path, QUERY_REQUEST, caller, queryOpened, undefined, undefined);
  }

  lookUp(path: string, caller: Caller): Outcome<FileInformation | undefined> {
    return this.#runner.has(callbacks.queryOpen)
      ? this.#runner.byPath(callbacks.queryOpen, path, caller, undefined)
      : this.#lookUpByOpen(path, caller);
  }

  // Apart: a function that holds a try block is not inlined as readily.
  #lookUpByOpen(path: string, caller: Caller): Outcome<FileInformation | undefined> {
    try {
      const info = withOpen(this, path, QUERY_REQUEST, caller, queryOpened, undefined, undefined);
      return info instanceof Promise ? info.catch(undefinedWhenMissing) : info;
    } catch (error) {
      return undefinedWhenMissing(error);
    }
  }

  readLink(path: string, caller: Caller): Outcome<string> {
    return this.#runner.byPath(callbacks.readLink, path, caller, undefined);
  }

  createSymbolicLink(path: string, target: string, caller: Caller): Outcome<void> {
    return this.#runner.byPath(callbacks.createSymbolicLink, path, caller, target);
  }

  createHardLink(path: string, newPath: string, caller: Caller): Outcome<void> {
    return this.#runner.byPath(callbacks.createHardLink, path, caller, newPath);
  }

  setMode(open: Open, path: string, mode: number, caller: Caller): Outcome<void> {
    return this.#on(callbacks.setMode, open, path, caller, mode, undefined);
  }

  setOwner(
    open: Open,
    path: string,
    uid: number | undefined,
    gid: number | undefined,
    caller: Caller,
  ): Outcome<void> {
    return this.#on(callbacks.setOwner, open, path, caller, uid, gid);
  }

  removeEntry(path: string, isDirectory: boolean, caller: Caller): Outcome<void> {
    return this.#runner.byPath(callbacks.removeEntry, path, caller, isDirectory);
  }

  exchangeFiles(path: string, otherPath: string, caller: Caller): Outcome<void> {
    return this.#runner.byPath(callbacks.exchangeFiles, path, caller, otherPath);
  }

  queryAllocatedRange(
    open: Open,
    path: string,
    offset: number,
    caller: Caller,
  ): Outcome<AllocatedRange | undefined> {
    return this.#on(callbacks.queryAllocatedRange, open, path, caller, offset, undefined);
  }

  setZeroData(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Outcome<void> {
    return this.#on(callbacks.setZeroData, open, path, caller, offset, length);
  }

  adopt(path: string, isDirectory = false): OpenFile {
    const file = new OpenFile(path);
    file.isDirectory = isDirectory;
    return file;
  }

  /** Leaves the cleanup and closeFile of an open to whichever thread is asked for them. */
  disown(open: Open): void {
    this.#opens.disown(open as OpenFile);
  }

  /** The volume is usable. A file system that fails here has its error reported, and stays mounted. */
  async mounted(mountPoint: string): Promise<void> {
    this.#runner.media?.start();
    if (!this.#runner.supports('mounted') || this.#runner.goneStatus !== undefined) return;
    const row = callbacks.mounted as Callback<string | undefined, undefined, void>;
    await this.#runner.unfailing(row, new OpenFile(''), '', NO_CALLER, mountPoint);
  }

  /**
   * The volume is gone: fails what is outstanding, gives every open its cleanup and closeFile and
   * calls `unmounted`. Callbacks that do not come back hold it up for a limited time only.
   * @param status - what outstanding and further requests fail with
   */
  shutdown(status: number): Promise<void> {
    return (this.#ending ??= this.#end(status));
  }

  async #end(status: number): Promise<void> {
    this.#runner.refuseFurther(status);
    await withinGrace(this.#opens.releaseAll());
    this.#runner.failOutstanding(status);
    // What has not come back by now keeps no open from its closeFile any longer.
    const last = this.#opens.closeAll();
    if (this.#runner.supports('unmounted')) {
      const file = new OpenFile('');
      last.push(Promise.resolve(this.#runner.unfailing(callbacks.unmounted, file, '', NO_CALLER)));
    }
    await withinGrace(Promise.all(last));
    this.#runner.failOutstanding(status);
  }

  /** Calls a callback on an open; the one place for those without anything special. */
  #on<A, B, R>(
    row: Callback<A, B, R>,
    open: Open,
    path: string,
    caller: Caller,
    a: A,
    b: B,
  ): Outcome<R> {
    return this.#runner.run(row, open as OpenFile, path, caller, a, b);
  }
}

function undefinedWhenMissing(error: unknown): undefined {
  if (!isMissing((error as DokanError).status)) throw error;
}

function checkFound(info: FileInformation | undefined): FileInformation {
  if (info === undefined) throw NOT_FOUND;
  return info;
}

function queryOpened(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<FileInformation> {
  return target.getFileInformation(open, path, caller);
}
