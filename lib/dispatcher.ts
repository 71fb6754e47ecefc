import * as callbacks from './callbacks.js';
import type { Callback } from './callbacks.js';
import { CallbackRunner, NOT_IMPLEMENTED, type CallbackStatistics } from './callback_runner.js';
import { CreateDisposition, CreateOptions, FileAccess, ShareAccess } from './constants.js';
import type { DispatcherOptions } from './dispatcher_options.js';
import { DokanError } from './errors.js';
import { FindFiles } from './find_files.js';
import type { Listing } from './listing.js';
import type { Medium } from './media.js';
import { NO_CALLER, OpenFile } from './open_file.js';
import type {
  AllocatedRange,
  CreateFileRequest,
  CreateResult,
  DiskFreeSpace,
  DokanOperations,
  FileInformation,
  FileTimes,
  FindEntry,
  MediaState,
  StreamEntry,
  VolumeInformation,
} from './operations.js';
import type { Outcome } from './outcome.js';
import { NtStatus } from './status.js';
import { release, withOpen, type Caller, type Open, type RequestTarget } from './target.js';
import { diskFreeSpace, volumeInformation } from './volume_defaults.js';
import { withinGrace } from './within_grace.js';

export type { CallbackStatistics, RequestEvent } from './callback_runner.js';
export type { DispatcherOptions } from './dispatcher_options.js';

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
  /** Opens whose closeFile is not done. */
  readonly #opens = new Set<OpenFile>();
  /** Opens whose createFile has not come back. */
  readonly #creating = new Set<OpenFile>();
  #ending: Promise<void> | undefined = undefined;

  constructor(operations: DokanOperations, options: DispatcherOptions) {
    this.#options = options;
    this.#runner = new CallbackRunner(operations, options, {
      cameBack: (file) => void this.#creating.delete(file),
      openedTooLate: (file, path) => {
        this.#opens.add(file);
        void release(this, file, path, NO_CALLER);
      },
    });
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

  createFile(path: string, request: CreateFileRequest, caller: Caller): Outcome<OpenFile> {
    const medium = this.#runner.media?.admit(caller);
    return medium instanceof Promise
      ? this.#createOn(medium, path, request, caller)
      : this.#create(path, request, caller, medium);
  }

  async #createOn(
    medium: Promise<Medium>,
    path: string,
    request: CreateFileRequest,
    caller: Caller,
  ): Promise<OpenFile> {
    return this.#create(path, request, caller, await medium);
  }

  #create(
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    medium: Medium | undefined,
  ): Outcome<OpenFile> {
    const file = new OpenFile(path);
    file.medium = medium;
    file.isDirectory = (request.createOptions & CreateOptions.DIRECTORY_FILE) !== 0;
    const result = this.#runner.run(callbacks.createFile, file, path, caller, request, undefined);
    if (!(result instanceof Promise)) return this.#created(file, path, request, caller, result);
    this.#creating.add(file);
    return this.#createLater(file, path, request, caller, result);
  }

  async #createLater(
    file: OpenFile,
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    result: Promise<CreateResult>,
  ): Promise<OpenFile> {
    return this.#created(file, path, request, caller, await result);
  }

  #created(
    file: OpenFile,
    path: string,
    request: CreateFileRequest,
    caller: Caller,
    result: CreateResult,
  ): Outcome<OpenFile> {
    file.createResult = result;
    this.#opens.add(file);
    const { createOptions } = request;
    const wrong =
      this.#runner.goneStatus ??
      file.medium?.failure?.status ??
      (file.isDirectory
        ? (createOptions & CreateOptions.NON_DIRECTORY_FILE) !== 0 && NtStatus.FILE_IS_A_DIRECTORY
        : (createOptions & CreateOptions.DIRECTORY_FILE) !== 0 && NtStatus.NOT_A_DIRECTORY);
    if (wrong !== false) return this.#refuse(file, path, caller, new DokanError(wrong));
    if ((createOptions & CreateOptions.DELETE_ON_CLOSE) === 0) return file;
    // Dokan never asks for these opens, so that a file could vanish without its veto: we ask.
    try {
      const agreed = this.setDisposition(file, path, true, caller);
      if (agreed instanceof Promise) {
        return agreed.then(
          () => file,
          (error: unknown) => this.#refuse(file, path, caller, error as DokanError),
        );
      }
      return file;
    } catch (error) {
      return this.#refuse(file, path, caller, error as DokanError);
    }
  }

  #refuse(file: OpenFile, path: string, caller: Caller, error: DokanError): Promise<never> {
    const released = release(this, file, path, caller);
    if (!(released instanceof Promise)) throw error;
    return released.then(() => {
      throw error;
    });
  }

  cleanup(open: Open, path: string, caller: Caller): Outcome<void> {
    const file = open as OpenFile;
    if (file.cleanedUp) return;
    file.cleanedUp = true;
    // What is in the drive by now, if anything is, is not what was to be deleted from.
    if (file.medium?.failure !== undefined) file.deletePending = false;
    if (!this.#runner.supports('cleanup')) return;
    return this.#runner.unfailing(callbacks.cleanup, file, path, caller);
  }

  closeFile(open: Open, path: string, caller: Caller): Outcome<void> {
    const file = open as OpenFile;
    if (file.closeAsked) return;
    file.closeAsked = true;
    if (!file.isBusy) return this.#close(file, path, caller);
    // A callback that was given up on, or a cleanup, still works with the open: the close waits for
    // it, the kernel need not.
    file.closing = new Promise((resolve) => {
      file.whenIdle = () => resolve(this.#close(file, path, NO_CALLER));
    });
  }

  #close(file: OpenFile, path: string, caller: Caller): Outcome<void> {
    if (file.closed) return;
    file.closed = true;
    file.listing?.close();
    const closing = this.#runner.supports('closeFile')
      ? this.#runner.unfailing(callbacks.closeFile, file, path, caller)
      : undefined;
    if (!(closing instanceof Promise)) {
      this.#opens.delete(file);
      return;
    }
    file.closing = closing.then(() => void this.#opens.delete(file));
    return file.closing;
  }

  readFile(
    open: Open,
    path: string,
    buffer: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Outcome<number> {
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

  flushFileBuffers(open: Open, path: string, caller: Caller): Outcome<void> {
    // Dokan answers success for a file system without the callback.
    if (!this.#runner.supports('flushFileBuffers')) {
      return this.#runner.demandMedium(open as OpenFile, caller);
    }
    return this.#on(callbacks.flushFileBuffers, open, path, caller, undefined, undefined);
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
    if (!this.supports('deleteFile') || !this.supports('deleteDirectory')) throw NOT_IMPLEMENTED;
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
    return this.#runner.supports('queryOpen')
      ? this.#runner.byPath(callbacks.queryOpen, path, caller, undefined)
      : withOpen(this, path, QUERY_REQUEST, caller, queryOpened, undefined, undefined);
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
    await withinGrace(this.#releaseAll());
    this.#runner.failOutstanding(status);
    // What has not come back by now keeps no open from its closeFile any longer.
    const last = [...this.#opens].map(async (file) => this.#close(file, file.path, NO_CALLER));
    if (this.#runner.supports('unmounted')) {
      const file = new OpenFile('');
      last.push(Promise.resolve(this.#runner.unfailing(callbacks.unmounted, file, '', NO_CALLER)));
    }
    await withinGrace(Promise.all(last));
    this.#runner.failOutstanding(status);
  }

  async #releaseAll(): Promise<void> {
    do {
      const waiting: Promise<void>[] = [];
      for (const file of this.#opens) waiting.push(this.#releaseLost(file));
      // An open that comes into being now is released as soon as it is there.
      for (const file of this.#creating) {
        waiting.push(new Promise((resolve) => (file.whenIdle = resolve)));
      }
      await Promise.all(waiting);
    } while (this.#opens.size + this.#creating.size > 0);
  }

  async #releaseLost(file: OpenFile): Promise<void> {
    await release(this, file, file.path, NO_CALLER);
    await file.closing;
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

function queryOpened(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<FileInformation> {
  return target.getFileInformation(open, path, caller);
}
