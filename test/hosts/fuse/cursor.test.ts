import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader, Writer } from '../../../lib/hosts/fuse/cursor.js';
import { FuseError } from '../../../lib/hosts/fuse/fuse_error.js';
import { cString, u32, u64 } from './kernel.js';

const EINVAL = 22;
const EFBIG = 27;

function reader(bytes: Buffer, length = bytes.length): Reader {
  const made = new Reader(bytes);
  made.reset(0, length);
  return made;
}

function errno(work: () => unknown): number {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(FuseError);
    return (error as FuseError).errno;
  }
  return 0;
}

describe('Reader', () => {
  const READS: [string, number, (from: Reader) => unknown][] = [
    ['u32', 4, (from) => from.u32()],
    ['i32', 4, (from) => from.i32()],
    ['u64', 8, (from) => from.u64()],
    ['size', 8, (from) => from.size()],
    ['big', 8, (from) => from.big()],
    ['signedBig', 8, (from) => from.signedBig()],
    ['bytes', 5, (from) => from.bytes(5)],
    ['skip', 5, (from) => from.skip(5)],
  ];

  it.each(READS)('%s takes exactly its bytes and fails with EINVAL beyond the end', (...row) => {
    const [, size, read] = row;
    for (let length = 0; length < size; length += 1) {
      // There are bytes behind the message: those of an earlier one.
      expect(errno(() => read(reader(Buffer.alloc(64), length)))).toBe(EINVAL);
    }
    const from = reader(Buffer.alloc(64), size + 1);
    read(from);
    expect(from.remaining).toBe(1);
  });

  it('goes on after a read that failed', () => {
    const from = reader(u32(7));
    expect(errno(() => from.u64())).toBe(EINVAL);
    expect(from.u32()).toBe(7);
    expect(from.remaining).toBe(0);
  });

  it('reads the edges of 64 bits', () => {
    const max = Number.MAX_SAFE_INTEGER;
    expect(reader(u64(0)).u64()).toBe(0);
    expect(reader(u64(0xffff_ffff)).u64()).toBe(0xffff_ffff);
    expect(reader(u64(2 ** 32)).u64()).toBe(2 ** 32);
    expect(reader(u64(max)).u64()).toBe(max);
    expect(reader(u64(2n ** 53n)).u64()).toBe(2 ** 53);
    expect(reader(u64(2n ** 64n - 1n)).u64()).toBeGreaterThan(max);
    expect(reader(u64(max)).size()).toBe(max);
    expect(errno(() => reader(u64(2n ** 53n)).size())).toBe(EFBIG);
    expect(errno(() => reader(u64(2n ** 53n + 1n)).size())).toBe(EFBIG);
    expect(errno(() => reader(u64(-1)).size())).toBe(EFBIG);
    expect(reader(u64(-1)).big()).toBe(2n ** 64n - 1n);
    expect(reader(u64(-1)).signedBig()).toBe(-1n);
    expect(reader(u64(-(2n ** 63n))).signedBig()).toBe(-(2n ** 63n));
    expect(reader(u32(0xffff_ffff)).i32()).toBe(-1);
  });

  it('reads strings one after the other', () => {
    const from = reader(Buffer.concat([cString('one'), cString(''), cString('drei')]));
    expect(from.cString().toString()).toBe('one');
    expect(from.cString().length).toBe(0);
    expect(from.cString().toString()).toBe('drei');
    expect(errno(() => from.cString())).toBe(EINVAL);
  });

  it('reads text one after the other, ASCII or not', () => {
    const name = Buffer.from([0x61, 0xff, 0]);
    const from = reader(Buffer.concat([cString('one'), cString(''), cString('drüben'), name]));
    expect(from.text()).toBe('one');
    expect(from.text()).toBe('');
    expect(from.text()).toBe('drüben');
    expect(from.text()).toBe('a\udcff');
    expect(errno(() => from.text())).toBe(EINVAL);
  });

  it('finds no end of a string behind the message', () => {
    const bytes = Buffer.concat([Buffer.from('name'), cString('old')]);
    expect(errno(() => reader(bytes, 4).text())).toBe(EINVAL);
    expect(errno(() => reader(bytes, 7).text())).toBe(EINVAL);
    expect(reader(bytes, 8).text()).toBe('nameold');
    expect(errno(() => reader(Buffer.from('name')).text())).toBe(EINVAL);
    expect(errno(() => reader(bytes, 4).cString())).toBe(EINVAL);
    expect(errno(() => reader(bytes, 7).cString())).toBe(EINVAL);
    expect(reader(bytes, 8).cString().toString()).toBe('nameold');
    expect(errno(() => reader(Buffer.from('name')).cString())).toBe(EINVAL);
  });
});

describe('Writer', () => {
  it('writes what the kernel reads', () => {
    const out = new Writer(Buffer.alloc(64, 0xee));
    out.u16(0x1234);
    out.u16(0xffff);
    out.u32(0xffff_ffff);
    out.i32(-2);
    out.u64(Number.MAX_SAFE_INTEGER);
    out.big(2n ** 64n - 1n);
    out.signedBig(-3n);
    out.zeros(3);
    out.copy(Buffer.from('abc'));
    expect(out.bytes.subarray(0, out.position)).toEqual(
      Buffer.concat([
        Buffer.of(0x34, 0x12, 0xff, 0xff),
        u32(0xffff_ffff, -2),
        u64(2n ** 53n - 1n, 2n ** 64n - 1n, -3n),
        Buffer.of(0, 0, 0),
        Buffer.from('abc'),
      ]),
    );
    expect(out.bytes[out.position]).toBe(0xee);
  });

  it('writes every number that Reader reads back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = Buffer.alloc(8);
        new Writer(bytes).u64(value);
        expect(bytes.readBigUInt64LE()).toBe(BigInt(value));
        expect(reader(bytes).size()).toBe(value);
      }),
    );
  });
});
