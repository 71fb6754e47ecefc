import type { FileTimes, Timestamp } from '../../operations.js';
import type { Memory } from './memory.js';
import { TimeKind } from './slot.js';

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const INT64_MIN = -0x8000_0000_0000_0000n;

/** Nanoseconds in the unit of FILETIME. */
const TICK = 100n;

/** How many bits of a field of `TimeKind`s belong to one time. */
const KIND_BITS = 2;

/**
 * Writes a time with nothing lost that a FILETIME can say.
 * @param place - in units of 8 bytes
 * @returns its `TimeKind`
 */
export function writeTime(memory: Memory, place: number, time: Timestamp): number {
  if (typeof time !== 'bigint') {
    memory.f64[place] = typeof time === 'number' ? time : time.getTime();
    return TimeKind.MILLISECONDS;
  }
  if (time <= INT64_MAX && time >= INT64_MIN) {
    memory.i64[place] = time;
    return TimeKind.NANOSECONDS;
  }
  // Before 1677 and after 2262.
  let ticks = time / TICK;
  if (time < ticks * TICK) ticks -= 1n;
  memory.i64[place] = ticks > INT64_MAX ? INT64_MAX : ticks < INT64_MIN ? INT64_MIN : ticks;
  return TimeKind.TICKS;
}

/** What is known of a file's times. */
interface Times {
  readonly creationTime?: Timestamp | undefined;
  readonly lastAccessTime?: Timestamp | undefined;
  readonly lastWriteTime?: Timestamp | undefined;
}

/**
 * Writes three times, one after the other.
 * @param fallback - for those that the file system does not give
 * @returns their `TimeKind`s
 */
export function writeTimes(
  memory: Memory,
  place: number,
  times: Times,
  fallback: Timestamp,
): number {
  return (
    writeTime(memory, place, times.creationTime ?? fallback) |
    (writeTime(memory, place + 1, times.lastAccessTime ?? fallback) << KIND_BITS) |
    (writeTime(memory, place + 2, times.lastWriteTime ?? fallback) << (2 * KIND_BITS))
  );
}

/** Bits 3 to 5 of setFileTime's argument: the time is in units of 100 ns. */
const IN_TICKS = 3;

/**
 * The times of a setFileTime.
 * @param given - bits of its argument: which are there, and in which unit
 */
export function readTimes(memory: Memory, place: number, given: number): FileTimes {
  const time = (index: number): bigint | undefined => {
    if ((given & (1 << index)) === 0) return undefined;
    const value = memory.i64[place + index] ?? 0n;
    return (given & (1 << (IN_TICKS + index))) === 0 ? value : value * TICK;
  };
  return { creationTime: time(0), lastAccessTime: time(1), lastWriteTime: time(2) };
}
