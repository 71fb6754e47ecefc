import * as answers from './answers.js';
import { CreateDisposition } from './constants.js';
import type {
  CreateFileRequest,
  CreateResult,
  DokanOperations,
  FileContext,
  FileInformation,
  FileTimes,
} from './operations.js';

/** The operations with none left out: a row is used only when its callback is there. */
type Present = Required<DokanOperations>;

/**
 * What a callback does, and so what may be done while it runs. One that changes nothing may have
 * its request answered before it comes back. One that releases something is the last thing a
 * volume waits for.
 */
export type Effect = 'none' | 'changes' | 'releases';

/** One callback: how it is called, what its answer must be, what may be done while it runs. */
export interface Callback<A, B, R> {
  readonly name: keyof DokanOperations;
  /** Position in `CALLBACKS`, and in the counters. */
  readonly index: number;
  readonly effect: Effect;
  readonly invoke: (operations: Present, path: string, file: FileContext, a: A, b: B) => unknown;
  readonly check: (value: unknown, a: A) => R;
}

/** Every callback, in the order of DOKAN_OPERATIONS, then the extensions. */
export const CALLBACKS: Callback<never, never, unknown>[] = [];

function row<A = undefined, B = undefined, R = void>(
  name: keyof DokanOperations,
  effect: Effect,
  invoke: Callback<A, B, R>['invoke'],
  check: Callback<A, B, R>['check'],
): Callback<A, B, R> {
  const callback: Callback<A, B, R> = { name, index: CALLBACKS.length, effect, invoke, check };
  CALLBACKS.push(callback);
  return callback;
}

type Entries = Iterable<unknown> | AsyncIterable<unknown>;
const { checkNothing } = answers;

export const createFile = row<CreateFileRequest, undefined, CreateResult>(
  'createFile',
  'changes',
  (operations, path, file, request) => operations.createFile(path, request, file),
  answers.checkCreateResult,
);
/** What one request does: opening what is there changes nothing. */
export function effectOf(row: Callback<never, never, unknown>, argument: unknown): Effect {
  return row.name === 'createFile' &&
    (argument as CreateFileRequest).createDisposition === CreateDisposition.OPEN
    ? 'none'
    : row.effect;
}

export const cleanup = row(
  'cleanup',
  'releases',
  (operations, path, file) => operations.cleanup(path, file),
  checkNothing,
);
export const closeFile = row(
  'closeFile',
  'releases',
  (operations, path, file) => operations.closeFile(path, file),
  checkNothing,
);
export const readFile = row<Buffer, number, number | Uint8Array>(
  'readFile',
  'none',
  (operations, path, file, buffer, offset) => operations.readFile(path, buffer, offset, file),
  answers.checkBytesRead,
);
export const writeFile = row<Buffer, number, number>(
  'writeFile',
  'changes',
  (operations, path, file, data, offset) => operations.writeFile(path, data, offset, file),
  answers.checkByteCount,
);
export const flushFileBuffers = row(
  'flushFileBuffers',
  'changes',
  (operations, path, file) => operations.flushFileBuffers(path, file),
  checkNothing,
);
export const getFileInformation = row<undefined, undefined, FileInformation>(
  'getFileInformation',
  'none',
  (operations, path, file) => operations.getFileInformation(path, file),
  answers.checkFileInformation,
);
export const findFiles = row<undefined, undefined, Entries>(
  'findFiles',
  'none',
  (operations, path, file) => operations.findFiles(path, file),
  answers.checkListing,
);
export const findFilesWithPattern = row<string, undefined, Entries>(
  'findFilesWithPattern',
  'none',
  (operations, path, file, pattern) => operations.findFilesWithPattern(path, pattern, file),
  answers.checkListing,
);
export const setFileAttributes = row<number>(
  'setFileAttributes',
  'changes',
  (operations, path, file, attributes) => operations.setFileAttributes(path, attributes, file),
  checkNothing,
);
export const setFileTime = row<FileTimes>(
  'setFileTime',
  'changes',
  (operations, path, file, times) => operations.setFileTime(path, times, file),
  checkNothing,
);
export const deleteFile = row(
  'deleteFile',
  'changes',
  (operations, path, file) => operations.deleteFile(path, file),
  checkNothing,
);
export const deleteDirectory = row(
  'deleteDirectory',
  'changes',
  (operations, path, file) => operations.deleteDirectory(path, file),
  checkNothing,
);
export const moveFile = row<string, boolean>(
  'moveFile',
  'changes',
  (operations, path, file, newPath, replace) => operations.moveFile(path, newPath, replace, file),
  checkNothing,
);
export const setEndOfFile = row<number>(
  'setEndOfFile',
  'changes',
  (operations, path, file, length) => operations.setEndOfFile(path, length, file),
  checkNothing,
);
export const setAllocationSize = row<number>(
  'setAllocationSize',
  'changes',
  (operations, path, file, length) => operations.setAllocationSize(path, length, file),
  checkNothing,
);
export const lockFile = row<number, number>(
  'lockFile',
  'changes',
  (operations, path, file, offset, length) => operations.lockFile(path, offset, length, file),
  checkNothing,
);
export const unlockFile = row<number, number>(
  'unlockFile',
  'changes',
  (operations, path, file, offset, length) => operations.unlockFile(path, offset, length, file),
  checkNothing,
);
export const getDiskFreeSpace = row(
  'getDiskFreeSpace',
  'none',
  (operations, _path, file) => operations.getDiskFreeSpace(file),
  answers.checkDiskFreeSpace,
);
export const getVolumeInformation = row(
  'getVolumeInformation',
  'none',
  (operations, _path, file) => operations.getVolumeInformation(file),
  answers.checkVolumeInformation,
);
export const mounted = row<string>(
  'mounted',
  'changes',
  (operations, _path, file, mountPoint) => operations.mounted(mountPoint, file),
  checkNothing,
);
export const unmounted = row(
  'unmounted',
  'releases',
  (operations, _path, file) => operations.unmounted(file),
  checkNothing,
);
export const getFileSecurity = row<number, undefined, Buffer>(
  'getFileSecurity',
  'none',
  (operations, path, file, information) => operations.getFileSecurity(path, information, file),
  answers.checkSecurityDescriptor,
);
export const setFileSecurity = row<number, Buffer>(
  'setFileSecurity',
  'changes',
  (operations, path, file, information, descriptor) =>
    operations.setFileSecurity(path, information, descriptor, file),
  checkNothing,
);
export const findStreams = row<undefined, undefined, Entries>(
  'findStreams',
  'none',
  (operations, path, file) => operations.findStreams(path, file),
  answers.checkListing,
);
export const queryOpen = row<undefined, undefined, FileInformation | undefined>(
  'queryOpen',
  'none',
  (operations, path, file) => operations.queryOpen(path, file),
  answers.checkFoundInformation,
);
export const readLink = row<undefined, undefined, string>(
  'readLink',
  'none',
  (operations, path, file) => operations.readLink(path, file),
  answers.checkLinkTarget,
);
export const createSymbolicLink = row<string>(
  'createSymbolicLink',
  'changes',
  (operations, path, file, target) => operations.createSymbolicLink(path, target, file),
  checkNothing,
);
export const createHardLink = row<string>(
  'createHardLink',
  'changes',
  (operations, path, file, newPath) => operations.createHardLink(path, newPath, file),
  checkNothing,
);
export const setMode = row<number>(
  'setMode',
  'changes',
  (operations, path, file, mode) => operations.setMode(path, mode, file),
  checkNothing,
);
export const setOwner = row<number | undefined, number | undefined>(
  'setOwner',
  'changes',
  (operations, path, file, uid, gid) => operations.setOwner(path, uid, gid, file),
  checkNothing,
);
export const removeEntry = row<boolean>(
  'removeEntry',
  'changes',
  (operations, path, file, isDirectory) => operations.removeEntry(path, isDirectory, file),
  checkNothing,
);
export const exchangeFiles = row<string>(
  'exchangeFiles',
  'changes',
  (operations, path, file, otherPath) => operations.exchangeFiles(path, otherPath, file),
  checkNothing,
);
export const queryAllocatedRange = row<
  number,
  undefined,
  ReturnType<typeof answers.checkAllocatedRange>
>(
  'queryAllocatedRange',
  'none',
  (operations, path, file, offset) => operations.queryAllocatedRange(path, offset, file),
  answers.checkAllocatedRange,
);
export const setZeroData = row<number, number>(
  'setZeroData',
  'changes',
  (operations, path, file, offset, length) => operations.setZeroData(path, offset, length, file),
  checkNothing,
);
export const checkMedia = row(
  'checkMedia',
  'none',
  (operations, _path, file) => operations.checkMedia(file),
  answers.checkMediaState,
);
