import { channel } from 'node:diagnostics_channel';
import { types } from 'node:util';
import * as answers from './answers.js';
import * as callbacks from './callbacks.js';
import { CALLBACKS, type Callback } from './callbacks.js';
import { CreateDisposition, CreateOptions, FileAccess, ShareAccess } from './constants.js';
import { CallbackError, DokanError, statusFromError } from './errors.js';
import { Listing, type ListingGuard } from './listing.js';
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
  StreamEntry,
  VolumeInformation,
} from './operations.js';
import { isThenable, type Outcome } from './outcome.js';
import { Deadlines, RunningCall } from './running_call.js';
import { NtStatus } from './status.js';
import {
  IoFlags,
  release,
  withOpen,
  type Caller,
  type Open,
  type RequestTarget,
} from './target.js';
import { compilePattern } from './wildcards.js';

/** The answer to a request whose callback made a mistake; the volume has been told. */
class ReportedError extends DokanError {}

/** What the dispatcher must know of the volume. */
export interface DispatcherOptions {
  /** Milliseconds a promise may take; Infinity for no limit. */
  readonly operationTimeout: number;
  readonly caseSensitive: boolean;
  readonly userModeLock: boolean;
  readonly altStreams: boolean;
  readonly volumeLabel: string | undefined;
  readonly fileSystemName: string | undefined;
  /** Called with every programming error of the file system. */
  readonly onError: (error: CallbackError) => void;
}

/** How often a callback was called, and how that ended. */
export interface CallbackStatistics {
  calls: number;
  failures: number;
  timeouts: number;
}

/** One event per callback on the diagnostics channel `node-dokan:request`. */
export interface RequestEvent {
  readonly callback: keyof DokanOperations;
  readonly path: string;
  /** NTSTATUS of the answer. */
  readonly status: number;
  readonly milliseconds: number;
  readonly processId: number;
}

const requests = channel('node-dokan:request');

// Asked for often, and always the same: made once, thrown many times.
const NOT_IMPLEMENTED = new DokanError(NtStatus.NOT_IMPLEMENTED);

/** Stands for the start of what is no callback but a further step of one. */
const NO_EVENT = -1;

/** How long a volume that is gone waits for callbacks that do not come back, in milliseconds. */
const SHUTDOWN_GRACE = 2_000;

/** Dokan's own answers where a file system has none. */
const DEFAULT_DISK_SPACE: DiskFreeSpace = {
  freeBytesAvailable: 512 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
  totalFreeBytes: 512 * 1024 * 1024,
};
const DEFAULT_SERIAL_NUMBER = 0x19831116;
const DEFAULT_FILE_SYSTEM_FLAGS = 0x107;
const DEFAULT_COMPONENT_LENGTH = 255;

const QUERY_REQUEST: CreateFileRequest = {
  desiredAccess: FileAccess.READ_ATTRIBUTES,
  fileAttributes: 0,
  shareAccess: ShareAccess.ALL,
  createDisposition: CreateDisposition.OPEN,
  createOptions: CreateOptions.OPEN_REPARSE_POINT,
};

/** Turns requests into callbacks of one file system: every host's way to the user's code. */
export class Dispatcher implements RequestTarget {
  readonly #operations: Required<DokanOperations>;
  readonly #options: DispatcherOptions;
  /** Opens whose closeFile is not done. */
  readonly #opens = new Set<OpenFile>();
  /** Opens whose createFile has not come back. */
  readonly #creating = new Set<OpenFile>();
  readonly #deadlines = new Deadlines();
  readonly #calls = new Float64Array(CALLBACKS.length);
  readonly #failures = new Float64Array(CALLBACKS.length);
  readonly #timeouts = new Float64Array(CALLBACKS.length);
  /** For callbacks without an open: reused as long as they answer at once. */
  #spare: OpenFile | undefined = new OpenFile('');
  #patternMissing = false;
  /** Once the volume is gone: what every further request fails with. */
  #goneStatus: number | undefined = undefined;
  #ending: Promise<void> | undefined = undefined;

  constructor(operations: DokanOperations, options: DispatcherOptions) {
    this.#operations = operations as Required<DokanOperations>;
    this.#options = options;
  }

  /** Opens whose closeFile is not done. */
  get openCount(): number {
    return this.#opens.size;
  }

  /** Requests waiting for a promise. */
  get outstandingCount(): number {
    return this.#deadlines.size;
  }

  /** The counters of every callback that was called. */
  statistics(): Partial<Record<keyof DokanOperations, CallbackStatistics>> {
    const result: Partial<Record<keyof DokanOperations, CallbackStatistics>> = {};
    for (const { name, index } of CALLBACKS) {
      const calls = this.#calls[index] ?? 0;
      if (calls === 0) continue;
      const failures = this.#failures[index] ?? 0;
      result[name] = { calls, failures, timeouts: this.#timeouts[index] ?? 0 };
    }
    return result;
  }

  supports(callback: keyof DokanOperations): boolean {
    return typeof this.#operations[callback] === 'function';
  }

  createFile(path: string, request: CreateFileRequest, caller: Caller): Outcome<OpenFile> {
    const file = new OpenFile(path);
    file.isDirectory = (request.createOptions & CreateOptions.DIRECTORY_FILE) !== 0;
    const result = this.#run(callbacks.createFile, file, path, caller, request, undefined);
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
      this.#goneStatus ??
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
    if (!this.supports('cleanup')) return;
    return this.#unfailing(callbacks.cleanup, file, path, caller);
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
    const closing = this.supports('closeFile')
      ? this.#unfailing(callbacks.closeFile, file, path, caller)
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
    return this.#run(callbacks.readFile, file, path, caller, buffer, offset, io);
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
    return this.#run(callbacks.writeFile, file, path, caller, data, offset, io);
  }

  flushFileBuffers(open: Open, path: string, caller: Caller): Outcome<void> {
    // Dokan answers success for a file system without the callback.
    if (!this.supports('flushFileBuffers')) return;
    return this.#on(callbacks.flushFileBuffers, open, path, caller, undefined, undefined);
  }

  getFileInformation(open: Open, path: string, caller: Caller): Outcome<FileInformation> {
    return this.#on(callbacks.getFileInformation, open, path, caller, undefined, undefined);
  }

  findFiles(
    open: Open,
    path: string,
    pattern: string | undefined,
    caller: Caller,
  ): Outcome<Listing<FindEntry>> {
    const file = open as OpenFile;
    const all = pattern === undefined || pattern === '*';
    const filter = all ? isOrdinaryEntry : matching(pattern, !this.#options.caseSensitive);
    if (!all && !this.#patternMissing && this.supports('findFilesWithPattern')) {
      const row = callbacks.findFilesWithPattern;
      return this.#list(row, file, path, caller, pattern, isOrdinaryEntry, () => {
        this.#patternMissing = true;
        return this.#list(callbacks.findFiles, file, path, caller, undefined, filter);
      });
    }
    return this.#list(callbacks.findFiles, file, path, caller, undefined, filter);
  }

  findStreams(open: Open, path: string, caller: Caller): Outcome<Listing<StreamEntry>> {
    if (!this.#options.altStreams) throw NOT_IMPLEMENTED;
    const row = callbacks.findStreams;
    const file = open as OpenFile;
    const guard = this.#guard(row, file, path, caller);
    const entries = this.#run(row, file, path, caller, undefined, undefined);
    const listing = (list: Iterable<unknown> | AsyncIterable<unknown>): Listing<StreamEntry> =>
      (file.listing = new Listing(list, answers.checkStreamEntry, always, guard));
    return entries instanceof Promise ? entries.then(listing) : listing(entries);
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
      const agreed = this.#run(row, file, path, caller, undefined, undefined);
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
    return this.#withDefault(callbacks.getDiskFreeSpace, caller, () => DEFAULT_DISK_SPACE);
  }

  getVolumeInformation(caller: Caller): Outcome<Required<VolumeInformation>> {
    const answer = this.#withDefault<VolumeInformation>(
      callbacks.getVolumeInformation,
      caller,
      () => ({}),
    );
    return answer instanceof Promise
      ? answer.then((volume) => this.#completeVolume(volume))
      : this.#completeVolume(answer);
  }

  #completeVolume(volume: VolumeInformation): Required<VolumeInformation> {
    const { volumeLabel, fileSystemName } = this.#options;
    return {
      volumeName: volumeLabel ?? volume.volumeName ?? 'DOKAN',
      serialNumber: volume.serialNumber ?? DEFAULT_SERIAL_NUMBER,
      maximumComponentLength: volume.maximumComponentLength ?? DEFAULT_COMPONENT_LENGTH,
      fileSystemFlags: volume.fileSystemFlags ?? DEFAULT_FILE_SYSTEM_FLAGS,
      fileSystemName: fileSystemName ?? volume.fileSystemName ?? 'NTFS',
    };
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
    return this.supports('queryOpen')
      ? this.#byPath(callbacks.queryOpen, path, caller, undefined)
      : withOpen(this, path, QUERY_REQUEST, caller, queryOpened, undefined, undefined);
  }

  readLink(path: string, caller: Caller): Outcome<string> {
    return this.#byPath(callbacks.readLink, path, caller, undefined);
  }

  createSymbolicLink(path: string, target: string, caller: Caller): Outcome<void> {
    return this.#byPath(callbacks.createSymbolicLink, path, caller, target);
  }

  createHardLink(path: string, newPath: string, caller: Caller): Outcome<void> {
    return this.#byPath(callbacks.createHardLink, path, caller, newPath);
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
    return this.#byPath(callbacks.exchangeFiles, path, caller, otherPath);
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
    if (!this.supports('mounted') || this.#goneStatus !== undefined) return;
    const row = callbacks.mounted as Callback<string | undefined, undefined, void>;
    await this.#unfailing(row, new OpenFile(''), '', NO_CALLER, mountPoint);
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
    this.#goneStatus = status;
    this.#deadlines.failAll(status, false);
    await withinGrace(this.#releaseAll());
    this.#deadlines.failAll(status, true);
    // What has not come back by now keeps no open from its closeFile any longer.
    const last = [...this.#opens].map(async (file) => this.#close(file, file.path, NO_CALLER));
    if (this.supports('unmounted')) {
      const file = new OpenFile('');
      last.push(Promise.resolve(this.#unfailing(callbacks.unmounted, file, '', NO_CALLER)));
    }
    await withinGrace(Promise.all(last));
    this.#deadlines.failAll(status, true);
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
    return this.#run(row, open as OpenFile, path, caller, a, b);
  }

  #byPath<A, R>(row: Callback<A, undefined, R>, path: string, caller: Caller, a: A): Outcome<R> {
    const file = this.#spare ?? new OpenFile(path);
    this.#spare = undefined;
    try {
      const outcome = this.#run(row, file, path, caller, a, undefined);
      if (!(outcome instanceof Promise)) this.#keepSpare(file);
      return outcome;
    } catch (error) {
      this.#keepSpare(file);
      throw error;
    }
  }

  #keepSpare(file: OpenFile): void {
    file.reset();
    this.#spare = file;
  }

  #withDefault<R>(
    row: Callback<undefined, undefined, R>,
    caller: Caller,
    fallback: () => R,
  ): Outcome<R> {
    const orDefault = (error: unknown): R => {
      if ((error as DokanError).status === NtStatus.NOT_IMPLEMENTED) return fallback();
      throw error;
    };
    try {
      const outcome = this.#byPath(row, '', caller, undefined);
      return outcome instanceof Promise ? outcome.catch(orDefault) : outcome;
    } catch (error) {
      return orDefault(error);
    }
  }

  #list<A>(
    row: Callback<A, undefined, Iterable<unknown> | AsyncIterable<unknown>>,
    file: OpenFile,
    path: string,
    caller: Caller,
    a: A,
    keep: (entry: FindEntry) => boolean,
    whenMissing?: () => Outcome<Listing<FindEntry>>,
  ): Outcome<Listing<FindEntry>> {
    const guard = this.#guard(row, file, path, caller);
    const listing = (entries: Iterable<unknown> | AsyncIterable<unknown>): Listing<FindEntry> =>
      (file.listing = new Listing(entries, answers.checkFindEntry, keep, guard));
    const otherwise = (error: unknown): Outcome<Listing<FindEntry>> => {
      if (whenMissing && (error as DokanError).status === NtStatus.NOT_IMPLEMENTED) {
        return whenMissing();
      }
      throw error;
    };
    let entries: Outcome<Iterable<unknown> | AsyncIterable<unknown>>;
    try {
      entries = this.#run(row, file, path, caller, a, undefined);
    } catch (error) {
      return otherwise(error);
    }
    return entries instanceof Promise ? entries.then(listing, otherwise) : listing(entries);
  }

  #guard(
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    { processId, userId, groupId }: Caller,
  ): ListingGuard {
    // The listing outlives the request that began it, and hosts use those again.
    const first: Caller = { processId, userId, groupId, running: undefined };
    let controller: AbortController | undefined;
    return {
      begin: (caller = first) => file.resume(caller, controller),
      end: () => {
        controller = file.end();
      },
      failure: (error) => this.#failure(row, path, error),
      wait: (step, caller = first) => {
        // One signal for all steps: a generator asks for it once.
        controller ??= new AbortController();
        file.resume(caller, controller);
        return this.#await(row, file, path, caller, step, asItIs, undefined, NO_EVENT);
      },
    };
  }

  /** A callback whose failure nobody can be told of: it is reported, and the request succeeds. */
  #unfailing<A>(
    row: Callback<A | undefined, undefined, void>,
    file: OpenFile,
    path: string,
    caller: Caller,
    a?: A,
  ): Outcome<void> {
    try {
      const outcome = this.#run(row, file, path, caller, a, undefined);
      if (!(outcome instanceof Promise)) return;
      return outcome.catch((error: unknown) => this.#reportUnfailing(row, path, error));
    } catch (error) {
      this.#reportUnfailing(row, path, error);
    }
  }

  #reportUnfailing(row: Callback<never, never, unknown>, path: string, error: unknown): void {
    if (!(error instanceof ReportedError)) this.#report(row, path, error);
  }

  /** One request, one callback: everything that reaches the user's code passes here. */
  #run<A, B, R>(
    row: Callback<A, B, R>,
    file: OpenFile,
    path: string,
    caller: Caller,
    a: A,
    b: B,
    io: number = IoFlags.NONE,
  ): Outcome<R> {
    if (typeof this.#operations[row.name] !== 'function') throw NOT_IMPLEMENTED;
    if (this.#goneStatus !== undefined && row.effect !== 'releases') {
      throw new DokanError(this.#goneStatus);
    }
    this.#calls[row.index]! += 1;
    const started = requests.hasSubscribers ? performance.now() : 0;
    file.begin(path, caller, io);
    let value: unknown;
    try {
      value = row.invoke(this.#operations, path, file, a, b);
      if (!isThenable(value)) {
        const answer = row.check(value, a);
        file.end();
        if (requests.hasSubscribers) this.#publish(row, path, caller, NtStatus.SUCCESS, started);
        return answer;
      }
    } catch (error) {
      file.end();
      const failure = this.#failure(row, path, error);
      if (requests.hasSubscribers) this.#publish(row, path, caller, failure.status, started);
      throw failure;
    }
    return this.#await(row, file, path, caller, value, row.check, a, started);
  }

  /** Waits for a callback's promise, for as long as the request may take. */
  #await<A, R>(
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    caller: Caller,
    value: PromiseLike<unknown>,
    check: (value: unknown, a: A) => R,
    a: A,
    started: number,
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const finish = (status: number): void => {
        call.done();
        if (caller.running === call) caller.running = undefined;
        if (started !== NO_EVENT && requests.hasSubscribers) {
          this.#publish(row, path, caller, status, started);
        }
      };
      const call = new RunningCall(
        this.#deadlines,
        this.#options.operationTimeout,
        row.effect,
        (error) => {
          if (error.status === NtStatus.IO_TIMEOUT) this.#timeouts[row.index]! += 1;
          this.#failures[row.index]! += 1;
          finish(error.status);
          reject(error);
        },
      );
      file.wait(call);
      if (caller !== NO_CALLER) caller.running = call;
      const succeed = (answer: unknown): void => {
        if (call.answered) return this.#tooLate(row, file, path, call, answer, a);
        let checked: R;
        try {
          checked = check(answer, a);
        } catch (error) {
          return fail(error);
        }
        finish(NtStatus.SUCCESS);
        this.#comeBack(file, call);
        resolve(checked);
      };
      const fail = (error: unknown): void => {
        if (call.answered) {
          this.#comeBack(file, call);
          // What follows from the signal is no news; a mistake in the program is.
          if (statusFromError(error) === undefined) this.#report(row, path, error);
          return;
        }
        const failure = this.#failure(row, path, error);
        finish(failure.status);
        this.#comeBack(file, call);
        reject(failure);
      };
      void settle(value, succeed, fail);
    });
  }

  /** A callback has come back after its request was given up. An open that nobody waits for is closed. */
  #tooLate(
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    call: RunningCall,
    answer: unknown,
    a: unknown,
  ): void {
    this.#comeBack(file, call);
    if (row.name !== 'createFile') return;
    try {
      answers.checkCreateResult(answer, a as CreateFileRequest);
    } catch (error) {
      return this.#report(row, path, error);
    }
    this.#opens.add(file);
    void release(this, file, path, NO_CALLER);
  }

  #comeBack(file: OpenFile, call: RunningCall): void {
    this.#creating.delete(file);
    file.comeBack(call);
  }

  #failure(row: Callback<never, never, unknown>, path: string, error: unknown): DokanError {
    this.#failures[row.index]! += 1;
    const status = statusFromError(error);
    if (status === undefined) {
      this.#report(row, path, error);
      return new ReportedError(NtStatus.INTERNAL_ERROR, undefined, { cause: error });
    }
    // A proxy may answer otherwise when it is asked again.
    if (!types.isProxy(error) && error instanceof DokanError) return error;
    return new DokanError(status, undefined, { cause: error });
  }

  #report(row: Callback<never, never, unknown>, path: string, error: unknown): void {
    this.#options.onError(new CallbackError(row.name, path, error));
  }

  #publish(
    row: Callback<never, never, unknown>,
    path: string,
    { processId }: Caller,
    status: number,
    started: number,
  ): void {
    const event: RequestEvent = {
      callback: row.name,
      path,
      status,
      milliseconds: started === 0 ? 0 : performance.now() - started,
      processId,
    };
    requests.publish(event);
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

const always = (): boolean => true;

/**
 * `await` instead of `then`: promises of other libraries may throw, answer twice, or answer before
 * `then` has returned.
 */
async function settle(
  value: PromiseLike<unknown>,
  succeed: (answer: unknown) => void,
  fail: (error: unknown) => void,
): Promise<void> {
  let answer: unknown;
  try {
    answer = await value;
  } catch (error) {
    fail(error);
    return;
  }
  succeed(answer);
}

/** A listing checks its own steps. */
const asItIs = (value: unknown): unknown => value;

/** `.` and `..` are the host's business. */
function isOrdinaryEntry(entry: FindEntry): boolean {
  return entry.name !== '.' && entry.name !== '..';
}

function matching(pattern: string, ignoreCase: boolean): (entry: FindEntry) => boolean {
  const matches = compilePattern(pattern, ignoreCase);
  return (entry) => isOrdinaryEntry(entry) && matches(entry.name);
}

async function withinGrace(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, SHUTDOWN_GRACE)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
