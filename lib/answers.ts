import { types } from 'node:util';
import { expectedAnswer } from './errors.js';
import type {
  AllocatedRange,
  CreateFileRequest,
  CreateResult,
  DiskFreeSpace,
  FileInformation,
  FindEntry,
  MediaState,
  StreamEntry,
  Timestamp,
  VolumeInformation,
} from './operations.js';
import { CreateDisposition, FileMode } from './constants.js';

/**
 * What a callback answers is checked before anything is made of it: each of these returns the
 * answer or throws an `AnswerError` that says what was expected.
 */

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

function isSize(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    (value >>> 0 === value || (Number.isSafeInteger(value) && value >= 0))
  );
}

function isUint32(value: unknown): value is number {
  return typeof value === 'number' && value >>> 0 === value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function checkNothing(): void {
  // What a callback without an answer returns is nobody's business.
}

/** The length that memory really has, whatever its object says. */
const LENGTH = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  'length',
)!;

/**
 * @param buffer - what was to be filled
 * @returns how many bytes were put there, or those of the file system's own memory, at least one
 */
export function checkBytesRead(value: unknown, buffer: Buffer): number | Uint8Array {
  if (isSize(value) && value <= buffer.length) return value;
  if (types.isUint8Array(value)) {
    const length = LENGTH.get!.call(value) as number;
    if (length > 0 && length <= buffer.length) return value;
    if (length === 0 && isThere(value)) return 0;
    if (length === 0) throw expectedAnswer('bytes whose memory was not taken away', value);
  }
  throw expectedAnswer(
    `a number of bytes from 0 to ${buffer.length}, or a Uint8Array of no more`,
    value,
  );
}

/** False for an array whose memory is gone: transferred away, or a resizable one that has shrunk. */
function isThere(array: Uint8Array): boolean {
  try {
    // Unlike its length, its functions tell.
    Uint8Array.prototype.indexOf.call(array, 0);
    return true;
  } catch {
    return false;
  }
}

export function checkByteCount(value: unknown, buffer: Buffer): number {
  if (isSize(value) && value <= buffer.length) return value;
  throw expectedAnswer(`a number of bytes from 0 to ${buffer.length}`, value);
}

const RESULT_OF: Partial<Record<number, CreateResult>> = {
  [CreateDisposition.OPEN]: 'opened',
  [CreateDisposition.CREATE]: 'created',
  [CreateDisposition.OVERWRITE]: 'overwritten',
};

export function checkCreateResult(value: unknown, request: CreateFileRequest): CreateResult {
  if (value === undefined) {
    const only = RESULT_OF[request.createDisposition];
    if (only !== undefined) return only;
  } else if (
    value === 'opened' ||
    value === 'created' ||
    value === 'overwritten' ||
    value === 'superseded'
  ) {
    return value;
  }
  throw expectedAnswer("'opened', 'created', 'overwritten' or 'superseded'", value);
}

function isTimestamp(value: Timestamp | undefined): boolean {
  if (value === undefined || typeof value === 'bigint') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return value instanceof Date && !Number.isNaN(value.getTime());
}

function checkTime(value: Timestamp | undefined, field: string): void {
  if (!isTimestamp(value)) {
    throw expectedAnswer(
      `nanoseconds (bigint), a valid Date or milliseconds (number) as '${field}'`,
      value,
    );
  }
}

function checkUint32(value: unknown, field: string): void {
  if (value !== undefined && !isUint32(value)) {
    throw expectedAnswer(`a whole number of 32 bits as '${field}'`, value);
  }
}

function checkSize(value: unknown, field: string): void {
  if (value !== undefined && !isSize(value)) {
    throw expectedAnswer(`a whole number from 0 to 2^53-1 as '${field}'`, value);
  }
}

function isInode(value: unknown): boolean {
  return isSize(value) || (typeof value === 'bigint' && value >= 0n && value <= MAX_UINT64);
}

export function checkFileInformation(value: unknown): FileInformation {
  if (!isObject(value)) throw expectedAnswer('file information (an object)', value);
  const info = value as FileInformation;
  if (!isFileInformation(info)) findMistake(info);
  return info;
}

/** Says no more than that something is wrong: it is asked of each entry of a listing. */
function isFileInformation(info: FileInformation): boolean {
  const { attributes, size, inode, linkCount, mode, uid, gid, blocks, rdev } = info;
  return (
    (attributes === undefined || isUint32(attributes)) &&
    (size === undefined || isSize(size)) &&
    isTimestamp(info.creationTime) &&
    isTimestamp(info.lastAccessTime) &&
    isTimestamp(info.lastWriteTime) &&
    isTimestamp(info.changeTime) &&
    (inode === undefined || isInode(inode)) &&
    (linkCount === undefined || isUint32(linkCount)) &&
    (mode === undefined || isUint32(mode)) &&
    (uid === undefined || isUint32(uid)) &&
    (gid === undefined || isUint32(gid)) &&
    (blocks === undefined || isSize(blocks)) &&
    (rdev === undefined || isUint32(rdev))
  );
}

/** @throws AnswerError that names the field */
function findMistake(info: FileInformation): void {
  checkUint32(info.attributes, 'attributes');
  checkSize(info.size, 'size');
  checkTime(info.creationTime, 'creationTime');
  checkTime(info.lastAccessTime, 'lastAccessTime');
  checkTime(info.lastWriteTime, 'lastWriteTime');
  checkTime(info.changeTime, 'changeTime');
  const inode: unknown = info.inode;
  if (inode !== undefined && !isInode(inode)) {
    throw expectedAnswer("a whole number of 64 bits as 'inode'", inode);
  }
  checkUint32(info.linkCount, 'linkCount');
  checkUint32(info.mode, 'mode');
  checkUint32(info.uid, 'uid');
  checkUint32(info.gid, 'gid');
  checkSize(info.blocks, 'blocks');
  checkUint32(info.rdev, 'rdev');
}

export function checkFoundInformation(value: unknown): FileInformation | undefined {
  return value === undefined ? undefined : checkFileInformation(value);
}

/** Of one name, or of several joined. Two searches are quicker than a regular expression. */
export function isName(name: string): boolean {
  return !name.includes('/') && !name.includes('\0');
}

export function checkFindEntry(value: unknown): FindEntry {
  const entry = checkNamed(value);
  checkFileInformation(entry);
  checkListedName(entry);
  return entry;
}

/**
 * What a listing of names tells of an entry, all but what characters its name has. The rest is not
 * read: a file system may have to find it out.
 */
export function checkListedEntry(value: unknown): FindEntry {
  const entry = checkNamed(value);
  const { inode, mode } = entry;
  if (inode !== undefined && !isInode(inode)) findMistake(entry);
  if (mode !== undefined && !isUint32(mode)) findMistake(entry);
  // A mode with a type says what it is; else the attributes do, or that it has a size.
  if (mode === undefined || (mode & FileMode.TYPE_MASK) === 0) {
    checkUint32(entry.attributes, 'attributes');
    if (entry.attributes === undefined) checkSize(entry.size, 'size');
  }
  return entry;
}

function checkNamed(value: unknown): FindEntry {
  if (!isObject(value)) throw expectedAnswer('a directory entry (an object with a name)', value);
  const name: unknown = (value as FindEntry).name;
  if (typeof name !== 'string' || name === '') throw wrongName(name);
  return value as FindEntry;
}

export function checkListedName({ name }: FindEntry): void {
  if (!isName(name)) throw wrongName(name);
}

function wrongName(name: unknown): Error {
  return expectedAnswer('a name without "/" and NUL in a directory entry', name);
}

export function checkStreamEntry(value: unknown): StreamEntry {
  if (!isObject(value)) throw expectedAnswer('a stream (an object with name and size)', value);
  const { name, size } = value as { name: unknown; size: unknown };
  if (typeof name !== 'string' || !isName(name)) {
    throw expectedAnswer('a stream name without "/" and NUL', name);
  }
  if (!isSize(size)) throw expectedAnswer("a whole number from 0 to 2^53-1 as 'size'", size);
  return value as StreamEntry;
}

export function checkDiskFreeSpace(value: unknown): DiskFreeSpace {
  if (!isObject(value)) throw expectedAnswer('free space (an object)', value);
  const space = value as DiskFreeSpace;
  if (!isSize(space.freeBytesAvailable) || !isSize(space.totalBytes)) {
    throw expectedAnswer("sizes as 'freeBytesAvailable' and 'totalBytes'", value);
  }
  if (!isSize(space.totalFreeBytes)) {
    throw expectedAnswer("a whole number from 0 to 2^53-1 as 'totalFreeBytes'", value);
  }
  return space;
}

export function checkVolumeInformation(value: unknown): VolumeInformation {
  if (!isObject(value)) throw expectedAnswer('volume information (an object)', value);
  const volume = value as VolumeInformation;
  for (const field of ['volumeName', 'fileSystemName'] as const) {
    if (volume[field] !== undefined && typeof volume[field] !== 'string') {
      throw expectedAnswer(`a string as '${field}'`, volume[field]);
    }
  }
  checkUint32(volume.serialNumber, 'serialNumber');
  checkUint32(volume.maximumComponentLength, 'maximumComponentLength');
  checkUint32(volume.fileSystemFlags, 'fileSystemFlags');
  return volume;
}

/** SECURITY_DESCRIPTOR_RELATIVE: revision, control and four offsets (MS-DTYP 2.4.6). */
const SECURITY_DESCRIPTOR_HEADER = 20;
const SECURITY_DESCRIPTOR_REVISION = 1;
const SE_SELF_RELATIVE = 0x8000;

/** Whether a value looks like a self-relative security descriptor; what it holds is not looked at. */
export function isSecurityDescriptor(value: unknown): value is Buffer {
  return (
    Buffer.isBuffer(value) &&
    value.length >= SECURITY_DESCRIPTOR_HEADER &&
    value[0] === SECURITY_DESCRIPTOR_REVISION &&
    (value.readUInt16LE(2) & SE_SELF_RELATIVE) !== 0
  );
}

export function checkSecurityDescriptor(value: unknown): Buffer {
  if (isSecurityDescriptor(value)) return value;
  throw expectedAnswer('a self-relative security descriptor (a Buffer)', value);
}

export function checkLinkTarget(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw expectedAnswer('the target of a symbolic link (a string)', value);
}

export function checkAllocatedRange(value: unknown): AllocatedRange | undefined {
  if (value === undefined) return undefined;
  if (isObject(value)) {
    const range = value as AllocatedRange;
    if (isSize(range.offset) && isSize(range.length) && range.length > 0) return range;
  }
  throw expectedAnswer('a range (an object with offset and length) or undefined', value);
}

export function checkMediaState(value: unknown): MediaState {
  if (value === 'present' || value === 'changed' || value === 'absent') return value;
  throw expectedAnswer("'present', 'changed' or 'absent'", value);
}

export function checkListing(value: unknown): Iterable<unknown> | AsyncIterable<unknown> {
  if (isObject(value)) {
    if (Array.isArray(value)) return value as unknown[];
    const listing = value as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
    if (typeof listing[Symbol.iterator] === 'function') return value as Iterable<unknown>;
    if (typeof listing[Symbol.asyncIterator] === 'function') {
      return value as AsyncIterable<unknown>;
    }
  }
  throw expectedAnswer('an iterable or async iterable of entries', value);
}
