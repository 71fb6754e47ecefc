import type { Timestamp } from '../../operations.js';

/** 100 ns from 1601 to 1970. */
const UNIX_EPOCH = 116_444_736_000_000_000n;
const LARGEST = 0x7fff_ffff_ffff_ffffn;
const NANOSECONDS = 1_000_000;

/** Nanoseconds since the Unix epoch. */
export function toNanoseconds(time: Timestamp): bigint {
  if (typeof time === 'bigint') return time;
  const milliseconds = typeof time === 'number' ? time : time.getTime();
  const whole = Math.floor(milliseconds);
  return (
    BigInt(whole) * BigInt(NANOSECONDS) + BigInt(Math.round((milliseconds - whole) * NANOSECONDS))
  );
}

/** The FILETIME of a time: 100 ns units since 1601, rounded down, never before that nor negative. */
export function toFileTime(time: Timestamp): bigint {
  const nanoseconds = toNanoseconds(time);
  const units = nanoseconds / 100n - (nanoseconds % 100n < 0n ? 1n : 0n) + UNIX_EPOCH;
  if (units < 0n) return 0n;
  return units > LARGEST ? LARGEST : units;
}

/** Nanoseconds since the Unix epoch of a FILETIME. */
export function fromFileTime(fileTime: bigint): bigint {
  return (fileTime - UNIX_EPOCH) * 100n;
}

/** Means "leave this time" in FILE_BASIC_INFORMATION; all bits mean so too. */
export const LEAVE_TIME = 0n;

/** The time to set; undefined when it is to be left. */
export function timeToSet(fileTime: bigint): bigint | undefined {
  return fileTime === LEAVE_TIME || BigInt.asIntN(64, fileTime) === -1n
    ? undefined
    : fromFileTime(fileTime);
}
