import type {
  AllocatedRange,
  CreateFileRequest,
  CreateResult,
  DiskFreeSpace,
  DokanOperations,
  FileInformation,
  FileTimes,
  VolumeInformation,
} from './operations.js';
import type { Listing } from './listing.js';
import type { RequestorToken, StreamEntry, FindEntry } from './operations.js';
import type { Outcome } from './outcome.js';

/** How a read, write or flush came about: bits of the `io` parameter. */
export const IoFlags = {
  NONE: 0,
  PAGING_IO: 1,
  SYNCHRONOUS_IO: 2,
  NO_CACHE: 4,
  WRITE_TO_END_OF_FILE: 8,
  DATA_ONLY: 16,
} as const;

/** The kernel's request on whose behalf a target is called: a host's own object, one per request. */
export interface Caller {
  readonly processId: number;
  readonly userId: number;
  readonly groupId: number;
  /** Set by the target while a callback's promise is outstanding. */
  running: Interruptible | undefined;
  /**
   * Calls that the target has given up on, and that may change something until they come back. Only of
   * hosts whose kernel has to be told of that.
   */
  readonly late?: Interruptible[];
  /**
   * Windows: what opens the access token of whoever asks, good for this one request; `undefined` for
   * requests that have none. A host has the method only where there are tokens.
   */
  tokenSource?(): (() => RequestorToken | undefined) | undefined;
}

/** A request that is waiting for a promise. */
export interface Interruptible {
  /** The kernel no longer wants the answer: the asking process was interrupted. */
  interrupt(): void;
  /**
   * When the callback itself comes back, which may be long after its request was answered for it;
   * `undefined` when it has.
   */
  whenReturned?(): Promise<void> | undefined;
}

/** One open of a file at a target. */
export interface Open {
  readonly createResult: CreateResult;
  readonly isDirectory: boolean;
  readonly backingFd: number | undefined;
  /**
   * What `cleanup` is to do with the file. A successful `setDisposition` sets it; a host whose kernel
   * decides for all opens of a file together sets it itself, just before the cleanup.
   */
  deletePending?: boolean;
}

/**
 * What a host talks to: something that answers Dokan requests. The dispatcher does so with the
 * user's callbacks. Every method fails by throwing, or rejecting with, a `DokanError`, nothing else.
 * `path` is the file's present path, which may differ from the one it was opened by.
 */
export interface RequestTarget {
  /** True when the file system has that callback. */
  supports(callback: keyof DokanOperations): boolean;
  /**
   * Tells the volume of a mistake that a host finds in what a callback has set.
   * @param path - of the request, as the callback was given it
   */
  report(callback: keyof DokanOperations, path: string, mistake: unknown): void;
  createFile(path: string, request: CreateFileRequest, caller: Caller): Outcome<Open>;
  /**
   * An open without a createFile, for one request to a file system that needs none; nor does it get
   * a cleanup or closeFile.
   * @param isDirectory - default false
   */
  adopt(path: string, isDirectory?: boolean): Open;
  cleanup(open: Open, path: string, caller: Caller): Outcome<void>;
  closeFile(open: Open, path: string, caller: Caller): Outcome<void>;
  /**
   * @returns bytes put into `buffer`; or the bytes themselves, at least one, in memory of the file
   *   system's own: to be sent or copied before anything else runs
   */
  readFile(
    open: Open,
    path: string,
    buffer: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Outcome<number | Uint8Array>;
  writeFile(
    open: Open,
    path: string,
    data: Buffer,
    offset: number,
    io: number,
    caller: Caller,
  ): Outcome<number>;
  /** @param io - NONE or DATA_ONLY */
  flushFileBuffers(open: Open, path: string, io: number, caller: Caller): Outcome<void>;
  getFileInformation(open: Open, path: string, caller: Caller): Outcome<FileInformation>;
  /** @param pattern - DOS wildcard pattern; `undefined` or `*` for all */
  findFiles(
    open: Open,
    path: string,
    pattern: string | undefined,
    caller: Caller,
  ): Outcome<Listing<FindEntry>>;
  findStreams(open: Open, path: string, caller: Caller): Outcome<Listing<StreamEntry>>;
  setFileAttributes(open: Open, path: string, attributes: number, caller: Caller): Outcome<void>;
  setFileTime(open: Open, path: string, times: FileTimes, caller: Caller): Outcome<void>;
  /** Asks deleteFile or deleteDirectory; when they agree the next cleanup deletes. */
  setDisposition(open: Open, path: string, deletePending: boolean, caller: Caller): Outcome<void>;
  moveFile(
    open: Open,
    path: string,
    newPath: string,
    replaceIfExisting: boolean,
    caller: Caller,
  ): Outcome<void>;
  setEndOfFile(open: Open, path: string, length: number, caller: Caller): Outcome<void>;
  setAllocationSize(open: Open, path: string, length: number, caller: Caller): Outcome<void>;
  lockFile(open: Open, path: string, offset: number, length: number, caller: Caller): Outcome<void>;
  unlockFile(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Outcome<void>;
  getDiskFreeSpace(caller: Caller): Outcome<DiskFreeSpace>;
  getVolumeInformation(caller: Caller): Outcome<Required<VolumeInformation>>;
  getFileSecurity(
    open: Open,
    path: string,
    securityInformation: number,
    caller: Caller,
  ): Outcome<Buffer>;
  setFileSecurity(
    open: Open,
    path: string,
    securityInformation: number,
    descriptor: Buffer,
    caller: Caller,
  ): Outcome<void>;
  queryOpen(path: string, caller: Caller): Outcome<FileInformation>;
  /** As `queryOpen`; undefined where there is no such file, as of most names that are asked for. */
  lookUp(path: string, caller: Caller): Outcome<FileInformation | undefined>;
  readLink(path: string, caller: Caller): Outcome<string>;
  createSymbolicLink(path: string, target: string, caller: Caller): Outcome<void>;
  createHardLink(path: string, newPath: string, caller: Caller): Outcome<void>;
  setMode(open: Open, path: string, mode: number, caller: Caller): Outcome<void>;
  setOwner(
    open: Open,
    path: string,
    uid: number | undefined,
    gid: number | undefined,
    caller: Caller,
  ): Outcome<void>;
  removeEntry(path: string, isDirectory: boolean, caller: Caller): Outcome<void>;
  exchangeFiles(path: string, otherPath: string, caller: Caller): Outcome<void>;
  queryAllocatedRange(
    open: Open,
    path: string,
    offset: number,
    caller: Caller,
  ): Outcome<AllocatedRange | undefined>;
  setZeroData(
    open: Open,
    path: string,
    offset: number,
    length: number,
    caller: Caller,
  ): Outcome<void>;
}

/** Work done between an open and its close. */
export type OpenWork<A, B, R> = (
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  a: A,
  b: B,
) => Outcome<R>;

/** Opens a file, does `work`, and gives the open its cleanup and closeFile whatever happened. */
export function withOpen<A, B, R>(
  target: RequestTarget,
  path: string,
  request: CreateFileRequest,
  caller: Caller,
  work: OpenWork<A, B, R>,
  a: A,
  b: B,
): Outcome<R> {
  const open = target.createFile(path, request, caller);
  return open instanceof Promise
    ? withOpenLater(target, open, path, caller, work, a, b)
    : useOpen(target, open, path, caller, work, a, b);
}

async function withOpenLater<A, B, R>(
  target: RequestTarget,
  opening: Promise<Open>,
  path: string,
  caller: Caller,
  work: OpenWork<A, B, R>,
  a: A,
  b: B,
): Promise<R> {
  return useOpen(target, await opening, path, caller, work, a, b);
}

function useOpen<A, B, R>(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  work: OpenWork<A, B, R>,
  a: A,
  b: B,
): Outcome<R> {
  let outcome: Outcome<R>;
  try {
    outcome = work(target, open, path, caller, a, b);
  } catch (error) {
    return failAfter(release(target, open, path, caller), error);
  }
  if (outcome instanceof Promise) return finishLater(target, open, path, caller, outcome);
  const released = release(target, open, path, caller);
  return released instanceof Promise ? valueAfter(released, outcome) : outcome;
}

async function finishLater<R>(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
  outcome: Promise<R>,
): Promise<R> {
  try {
    return await outcome;
  } finally {
    await release(target, open, path, caller);
  }
}

function failAfter(released: Outcome<void>, error: unknown): Promise<never> {
  if (!(released instanceof Promise)) throw error;
  return released.then(() => {
    throw error;
  });
}

async function valueAfter<R>(released: Promise<void>, value: R): Promise<R> {
  await released;
  return value;
}

/** cleanup and closeFile of an open; neither can fail. */
export function release(
  target: RequestTarget,
  open: Open,
  path: string,
  caller: Caller,
): Outcome<void> {
  const cleaned = target.cleanup(open, path, caller);
  return cleaned instanceof Promise
    ? cleaned.then(() => target.closeFile(open, path, caller))
    : target.closeFile(open, path, caller);
}
