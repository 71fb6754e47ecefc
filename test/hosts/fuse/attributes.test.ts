import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import {
  attributesOf,
  direntType,
  modeOf,
  saysEnough,
  split,
  splitTime,
  writeAttributes,
  writeSeconds,
} from '../../../lib/hosts/fuse/attributes.js';
import { Writer } from '../../../lib/hosts/fuse/cursor.js';
import type { FileInformation, Timestamp } from '../../../lib/operations.js';
import { MOUNTED_AT, OPTIONS } from './harness.js';
import { attr, timeParts, u64, type Attr } from './kernel.js';

const { defaults } = OPTIONS;
const { DIRECTORY, READONLY, REPARSE_POINT, NORMAL, HIDDEN } = FileAttributes;
const BILLION = 1_000_000_000n;

function parts(time: Timestamp): [number, number] {
  splitTime(time);
  return [split.seconds, split.nanoseconds];
}

function written(info: FileInformation, nodeId = 7): Buffer {
  const out = new Writer(Buffer.alloc(128, 0xee));
  writeAttributes(out, info, nodeId, defaults);
  expect(out.position).toBe(88);
  return out.bytes.subarray(0, 88);
}

describe('times', () => {
  it.each<[string, Timestamp, [number, number]]>([
    ['the epoch', 0n, [0, 0]],
    ['one nanosecond', 1n, [0, 1]],
    ['one nanosecond before the epoch', -1n, [-1, 999_999_999]],
    ['one second before the epoch', -BILLION, [-1, 0]],
    ['a bit more', -BILLION - 1n, [-2, 999_999_999]],
    ['the last of a second', 1_699_999_999_999_999_999n, [1_699_999_999, 999_999_999]],
    ['1601 (FILETIME 0)', -11_644_473_600n * BILLION, [-11_644_473_600, 0]],
    ['the last that fits 64 bits', 2n ** 63n - 1n, [9_223_372_036, 854_775_807]],
    ['the first that does', -(2n ** 63n), [-9_223_372_037, 145_224_192]],
    ['one more than fits', 2n ** 63n, [9_223_372_036, 854_775_808]],
    ['one less', -(2n ** 63n) - 1n, [-9_223_372_037, 145_224_191]],
    ['the year 9999', 253_402_300_799n * BILLION + 5n, [253_402_300_799, 5]],
    ['the year 0', -62_167_219_200n * BILLION, [-62_167_219_200, 0]],
    ['milliseconds', 1_500.25, [1, 500_250_000]],
    ['milliseconds before the epoch', -1, [-1, 999_000_000]],
    ['a fraction that rounds up to a second', 999.999_999_9, [1, 0]],
    ['a Date', new Date(1_700_000_000_123), [1_700_000_000, 123_000_000]],
    ['a Date before the epoch', new Date(-1), [-1, 999_000_000]],
    ['the last Date', new Date(8.64e15), [8.64e12, 0]],
  ])('%s', (_what, time, expected) => {
    expect(parts(time)).toEqual(expected);
  });

  it('lose no nanosecond, wherever they are', () => {
    const anyTime = fc.oneof(
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
    );
    fc.assert(
      fc.property(anyTime, (time) => {
        const [seconds, nanoseconds] = parts(time);
        expect(BigInt(seconds) * BILLION + BigInt(nanoseconds)).toBe(time);
        expect(nanoseconds).toBeGreaterThanOrEqual(0);
        expect(nanoseconds).toBeLessThan(1e9);
      }),
      { numRuns: 2_000 },
    );
  });

  it('have their seconds written as 64 bits with a sign', () => {
    const seconds = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(seconds, (value) => {
        const out = new Writer(Buffer.alloc(8));
        writeSeconds(out, value);
        expect(out.bytes).toEqual(u64(value));
        expect(out.position).toBe(8);
      }),
    );
  });
});

describe('mode', () => {
  it.each<[string, FileInformation, number]>([
    ['nothing said', {}, 0o100644],
    ['a directory', { attributes: DIRECTORY }, 0o040755],
    ['a read-only file', { attributes: READONLY }, 0o100444],
    ['a read-only directory', { attributes: DIRECTORY | READONLY }, 0o040555],
    ['a symbolic link', { attributes: REPARSE_POINT }, 0o120777],
    ['a symbolic link to a directory', { attributes: REPARSE_POINT | DIRECTORY }, 0o120777],
    ['permissions of a file', { mode: 0o600 }, 0o100600],
    ['permissions of a directory', { attributes: DIRECTORY, mode: 0o1777 }, 0o041777],
    ['permissions of a link', { attributes: REPARSE_POINT, mode: 0o700 }, 0o120700],
    ['mode 0', { attributes: DIRECTORY, mode: 0 }, 0o040000],
    ['the mode rules over READONLY', { attributes: READONLY, mode: 0o644 }, 0o100644],
    ['the mode rules over the type', { attributes: DIRECTORY, mode: 0o100644 }, 0o100644],
    ['a socket', { mode: 0o140755 }, 0o140755],
  ])('of %s', (_what, info, mode) => {
    expect(modeOf(info, defaults)).toBe(mode);
    expect(written(info).readUInt32LE(60)).toBe(mode);
  });

  it('of a reparse point is that of a file where links cannot be read', () => {
    const without = { ...defaults, symbolicLinks: false };
    expect(modeOf({ attributes: REPARSE_POINT }, without)).toBe(0o100644);
    expect(modeOf({ attributes: REPARSE_POINT | DIRECTORY }, without)).toBe(0o040755);
  });

  it.each<[string, FileInformation, number]>([
    ['attributes that are given', { attributes: HIDDEN, mode: 0o040555 }, HIDDEN],
    ['attributes 0', { attributes: 0, mode: 0o040755 }, 0],
    ['a file', { mode: 0o100644 }, NORMAL],
    ['permissions alone', { mode: 0o600 }, NORMAL],
    ['nothing', {}, NORMAL],
    ['a file nobody may write', { mode: 0o100555 }, READONLY],
    ['a directory', { mode: 0o040755 }, DIRECTORY],
    ['a directory nobody may write', { mode: 0o040555 }, DIRECTORY | READONLY],
    ['a symbolic link', { mode: 0o120777 }, REPARSE_POINT],
  ])('and attributes of %s', (_what, info, attributes) => {
    expect(attributesOf(info)).toBe(attributes);
  });

  it('makes the type of a listing entry', () => {
    expect(direntType({}, defaults)).toBe(0);
    expect(direntType({ inode: 5 }, defaults)).toBe(0);
    expect(direntType({ size: 0 }, defaults)).toBe(8);
    expect(direntType({ attributes: DIRECTORY }, defaults)).toBe(4);
    expect(direntType({ mode: 0o120777 }, defaults)).toBe(10);
    expect(direntType({ mode: 0xffff_8000 }, defaults)).toBeLessThan(16);
  });

  it('tells entries the kernel can use from those it must look up', () => {
    expect(saysEnough({}, defaults)).toBe(false);
    expect(saysEnough({ attributes: NORMAL }, defaults)).toBe(false);
    expect(saysEnough({ mode: 0o120777 }, defaults)).toBe(false);
    expect(saysEnough({ attributes: DIRECTORY }, defaults)).toBe(true);
    expect(saysEnough({ size: 0 }, defaults)).toBe(true);
  });
});

describe('struct fuse_attr', () => {
  const time = MOUNTED_AT;
  const base: Attr = { ino: 7, mode: 0o100644, uid: 501, gid: 502 };

  it('of a file that says nothing', () => {
    expect(written({})).toEqual(attr({ ...base, atime: time, mtime: time, ctime: time }));
  });

  it('of a file that says everything', () => {
    const info: FileInformation = {
      attributes: NORMAL,
      mode: 0o104751,
      size: 1025,
      inode: 2n ** 64n - 1n,
      blocks: 8,
      linkCount: 3,
      uid: 0,
      gid: 0xffff_fffe,
      rdev: 0x1234_5678,
      creationTime: 1n,
      lastAccessTime: -1n,
      lastWriteTime: 1_700_000_000_000_000_001n,
      changeTime: 2_000_000_000_999_999_999n,
    };
    const expected: Attr = {
      ino: 2n ** 64n - 1n,
      size: 1025,
      blocks: 8,
      atime: -1n,
      mtime: 1_700_000_000_000_000_001n,
      ctime: 2_000_000_000_999_999_999n,
      mode: 0o104751,
      nlink: 3,
      uid: 0,
      gid: 0xffff_fffe,
      rdev: 0x1234_5678,
    };
    expect(written(info)).toEqual(attr(expected));
  });

  it('takes other times from the last write', () => {
    const all = { atime: 5n, mtime: 5n, ctime: 5n };
    expect(written({ lastWriteTime: 5n })).toEqual(attr({ ...base, ...all }));
  });

  it('counts two names of a directory and blocks of 512 bytes', () => {
    const bytes = written({ attributes: DIRECTORY, size: 513 });
    expect(bytes.readUInt32LE(64)).toBe(2);
    expect(bytes.readBigUInt64LE(16)).toBe(2n);
  });

  it.each([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])('of %d bytes', (size) => {
    const bytes = written({ size });
    expect(bytes.readBigUInt64LE(8)).toBe(BigInt(size));
    expect(bytes.readBigUInt64LE(16)).toBe((BigInt(size) + 511n) / 512n);
  });

  it('has any time to the nanosecond', () => {
    const anyTime = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
    fc.assert(
      fc.property(anyTime, anyTime, anyTime, (atime, mtime, ctime) => {
        const info = { lastAccessTime: atime, lastWriteTime: mtime, changeTime: ctime };
        expect(written(info)).toEqual(attr({ ...base, atime, mtime, ctime }));
        expect(timeParts(atime)[1]).toBeLessThan(1e9);
      }),
    );
  });
});
