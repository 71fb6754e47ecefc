import { describe, expect, it } from 'vitest';
import { decodeTime, encodeTime } from '../../../examples/imagefs/fat_time.js';

const at = (...local: [number, number, number, number, number, number, number]): bigint =>
  BigInt(new Date(...local).getTime()) * 1_000_000n;

describe('times of FAT', () => {
  it('are local, in steps of 2 seconds, or of 10 ms', () => {
    const when = at(2024, 1, 29, 13, 37, 43, 678);
    const { date, time, rest } = encodeTime(when);
    expect([date >>> 9, (date >>> 5) & 15, date & 31]).toEqual([44, 2, 29]);
    expect([time >>> 11, (time >>> 5) & 63, time & 31]).toEqual([13, 37, 21]);
    expect(rest).toBe(167);
    expect(decodeTime(date, time)).toBe(at(2024, 1, 29, 13, 37, 42, 0));
    expect(decodeTime(date, time, rest)).toBe(at(2024, 1, 29, 13, 37, 43, 670));
    expect(decodeTime(date, 0)).toBe(at(2024, 1, 29, 0, 0, 0, 0));
  });

  it('end where FAT ends', () => {
    const show = (when: bigint): bigint => {
      const { date, time, rest } = encodeTime(when);
      return decodeTime(date, time, rest);
    };
    const earliest = at(1980, 0, 1, 0, 0, 0, 0);
    const latest = at(2107, 11, 31, 23, 59, 59, 990);
    expect(show(at(1970, 0, 1, 12, 0, 0, 0))).toBe(earliest);
    expect(show(-(10n ** 30n))).toBe(earliest);
    expect(show(at(2108, 0, 1, 0, 0, 0, 0))).toBe(latest);
    expect(show(10n ** 30n)).toBe(latest);
    expect(decodeTime(0, 0)).toBe(earliest);
  });
});
