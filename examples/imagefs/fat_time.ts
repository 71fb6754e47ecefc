/**
 * Times as FAT keeps them: local time, from 1980 to 2107. The time of last write has 2 seconds to
 * a step, the creation time 10 milliseconds, the last access is a date.
 */

const FIRST_YEAR = 1980;
const LAST_YEAR = 2107;
const NANOSECONDS = 1_000_000n;

export interface FatTime {
  readonly date: number;
  /** In steps of 2 seconds. */
  readonly time: number;
  /** What the other two leave over, in steps of 10 milliseconds, 0 to 199. */
  readonly rest: number;
}

/** @param nanoseconds - since the Unix epoch; what lies outside becomes the nearest there is */
export function encodeTime(nanoseconds: bigint): FatTime {
  const when = new Date(Number(nanoseconds / NANOSECONDS));
  const year = when.getFullYear();
  if (Number.isNaN(year) || year < FIRST_YEAR) {
    return nanoseconds < 0 || year < FIRST_YEAR ? EARLIEST : LATEST;
  }
  if (year > LAST_YEAR) return LATEST;
  const seconds = when.getSeconds();
  return {
    date: ((year - FIRST_YEAR) << 9) | ((when.getMonth() + 1) << 5) | when.getDate(),
    time: (when.getHours() << 11) | (when.getMinutes() << 5) | (seconds >>> 1),
    rest: (seconds & 1) * 100 + Math.floor(when.getMilliseconds() / 10),
  };
}

const EARLIEST: FatTime = { date: (1 << 5) | 1, time: 0, rest: 0 };
const LATEST: FatTime = {
  date: ((LAST_YEAR - FIRST_YEAR) << 9) | (12 << 5) | 31,
  time: (23 << 11) | (59 << 5) | 29,
  rest: 199,
};

/** @returns nanoseconds since the Unix epoch; of a date that is not set, the earliest there is */
export function decodeTime(date: number, time: number, rest = 0): bigint {
  const month = Math.max(1, (date >>> 5) & 15);
  const day = Math.max(1, date & 31);
  const when = new Date(
    FIRST_YEAR + (date >>> 9),
    month - 1,
    day,
    time >>> 11,
    (time >>> 5) & 63,
    (time & 31) * 2,
    rest * 10,
  );
  return BigInt(when.getTime()) * NANOSECONDS;
}
