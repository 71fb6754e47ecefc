import { FileAttributes, FileMode } from '../../constants.js';
import type { FileInformation, Timestamp } from '../../operations.js';
import type { Writer } from './cursor.js';
import { ATTR_SIZE, DT_UNKNOWN } from './protocol.js';

/** What a volume fills in where a file system says nothing. */
export interface AttributeDefaults {
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the Unix epoch: when the volume was mounted. */
  readonly time: bigint;
  /** Bytes: st_blksize. */
  readonly blockSize: number;
  /** Reparse points are symbolic links only where their target can be read. */
  readonly symbolicLinks: boolean;
}

const NANOSECONDS_PER_SECOND = 1_000_000_000;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const INT64_MIN = -0x8000_0000_0000_0000n;

const scratch = new BigInt64Array(1);
const halves = new Uint32Array(scratch.buffer);
const signedHalves = new Int32Array(scratch.buffer);

/** Seconds and nanoseconds of the time last given to `splitTime`. */
export const split = { seconds: 0, nanoseconds: 0 };

/** Splits a time into `split`: in plain numbers, because bigint division allocates. */
export function splitTime(time: Timestamp): void {
  if (typeof time === 'bigint') {
    if (time <= INT64_MAX && time >= INT64_MIN) splitNanoseconds(time);
    else splitFar(time);
    return;
  }
  const milliseconds = typeof time === 'number' ? time : time.getTime();
  let seconds = Math.floor(milliseconds / 1000);
  let nanoseconds = Math.round((milliseconds - seconds * 1000) * 1_000_000);
  if (nanoseconds >= NANOSECONDS_PER_SECOND) {
    seconds += 1;
    nanoseconds -= NANOSECONDS_PER_SECOND;
  }
  split.seconds = seconds;
  split.nanoseconds = nanoseconds;
}

function splitNanoseconds(time: bigint): void {
  scratch[0] = time;
  const low = halves[0] ?? 0;
  const high = signedHalves[1] ?? 0;
  // Long division by 10^9, 16 bits at a time: every step stays within 2^53.
  const top = Math.floor(high / 0x10000);
  let seconds = Math.floor(top / NANOSECONDS_PER_SECOND);
  let rest = top - seconds * NANOSECONDS_PER_SECOND;
  for (let step = 0; step < 3; step += 1) {
    const digit = step === 0 ? high & 0xffff : step === 1 ? low >>> 16 : low & 0xffff;
    const value = rest * 0x10000 + digit;
    const quotient = Math.floor(value / NANOSECONDS_PER_SECOND);
    seconds = seconds * 0x10000 + quotient;
    rest = value - quotient * NANOSECONDS_PER_SECOND;
  }
  split.seconds = seconds;
  split.nanoseconds = rest;
}

/** Beyond the years 1678 to 2262 nanoseconds no longer fit 64 bits. */
function splitFar(time: bigint): void {
  const second = BigInt(NANOSECONDS_PER_SECOND);
  let seconds = time / second;
  if (time < seconds * second) seconds -= 1n;
  split.seconds = Number(seconds);
  split.nanoseconds = Number(time - seconds * second);
}

/** POSIX mode with file type, from whatever the file system says. */
export function modeOf(info: FileInformation, defaults: AttributeDefaults): number {
  const attributes = info.attributes ?? 0;
  const type =
    (attributes & FileAttributes.REPARSE_POINT) !== 0 && defaults.symbolicLinks
      ? FileMode.SYMBOLIC_LINK
      : (attributes & FileAttributes.DIRECTORY) !== 0
        ? FileMode.DIRECTORY
        : FileMode.REGULAR;
  const { mode } = info;
  if (mode !== undefined) return (mode & FileMode.TYPE_MASK) !== 0 ? mode : type | (mode & 0o7777);
  if (type === FileMode.SYMBOLIC_LINK) return type | 0o777;
  const permissions = type === FileMode.DIRECTORY ? 0o755 : 0o644;
  return type | ((attributes & FileAttributes.READONLY) !== 0 ? permissions & 0o555 : permissions);
}

/** The attributes of NT, made from the mode where a file system gives none. */
export function attributesOf({ attributes, mode = 0o644 }: FileInformation): number {
  if (attributes !== undefined) return attributes;
  const type = mode & FileMode.TYPE_MASK;
  const made =
    (type === FileMode.DIRECTORY ? FileAttributes.DIRECTORY : 0) |
    (type === FileMode.SYMBOLIC_LINK ? FileAttributes.REPARSE_POINT : 0) |
    ((mode & 0o222) === 0 ? FileAttributes.READONLY : 0);
  return made === 0 ? FileAttributes.NORMAL : made;
}

export function isDirectoryMode(mode: number): boolean {
  return (mode & FileMode.TYPE_MASK) === FileMode.DIRECTORY;
}

/** d_type of a listing's entry; unknown when it says no more than its name. */
export function direntType(info: FileInformation, defaults: AttributeDefaults): number {
  const { mode } = info;
  if (mode !== undefined && (mode & FileMode.TYPE_MASK) !== 0) return (mode >>> 12) & 15;
  return saysNothing(info) ? DT_UNKNOWN : (modeOf(info, defaults) >>> 12) & 15;
}

/** True for a listing's entry that has a name only. */
function saysNothing(info: FileInformation): boolean {
  return info.attributes === undefined && info.mode === undefined && info.size === undefined;
}

/**
 * True for a listing's entry that tells all the kernel must know; others it looks up. A file whose
 * size was left out would be cached as an empty one.
 */
export function saysEnough(info: FileInformation, defaults: AttributeDefaults): boolean {
  if (info.size !== undefined) return true;
  return !saysNothing(info) && isDirectoryMode(modeOf(info, defaults));
}

/** Writes struct fuse_attr. @returns the mode, for the node to remember */
export function writeAttributes(
  out: Writer,
  info: FileInformation,
  nodeId: number,
  defaults: AttributeDefaults,
): number {
  const size = info.size ?? 0;
  const mode = modeOf(info, defaults);
  const { inode = nodeId, blocks = Math.ceil(size / 512) } = info;
  const end = out.position + ATTR_SIZE;
  if (typeof inode === 'bigint') out.big(inode);
  else out.u64(inode);
  out.u64(size);
  out.u64(blocks);
  const modified = info.lastWriteTime ?? defaults.time;
  splitTime(info.lastAccessTime ?? modified);
  const accessNanoseconds = split.nanoseconds;
  writeSeconds(out, split.seconds);
  splitTime(modified);
  const modifyNanoseconds = split.nanoseconds;
  writeSeconds(out, split.seconds);
  splitTime(info.changeTime ?? modified);
  writeSeconds(out, split.seconds);
  out.u32(accessNanoseconds);
  out.u32(modifyNanoseconds);
  out.u32(split.nanoseconds);
  out.u32(mode);
  out.u32(info.linkCount ?? (isDirectoryMode(mode) ? 2 : 1));
  out.u32(info.uid ?? defaults.uid);
  out.u32(info.gid ?? defaults.gid);
  out.u32(info.rdev ?? 0);
  out.u32(defaults.blockSize);
  out.u32(0);
  out.position = end;
  return mode;
}

/** Signed seconds: before 1970 they are negative, which u64 could not say. */
export function writeSeconds(out: Writer, seconds: number): void {
  if (seconds >= 0) {
    out.u64(seconds);
  } else {
    // Two's complement of a number that fits 53 bits.
    const high = Math.floor(seconds / 0x1_0000_0000);
    out.u32(seconds - high * 0x1_0000_0000);
    out.i32(high);
  }
}
