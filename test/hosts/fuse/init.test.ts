import { describe, expect, it } from 'vitest';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import { ALL_FLAGS, errnoOf, failure, Kernel, ScriptedTarget, settled } from './harness.js';
import { body, cString, u16, u32, zeros } from './kernel.js';

/** linux/fuse.h. */
const ASYNC_READ = 1 << 0;
const POSIX_LOCKS = 1 << 1;
const ATOMIC_O_TRUNC = 1 << 3;
const BIG_WRITES = 1 << 5;
const FLOCK_LOCKS = 1 << 10;
const AUTO_INVAL_DATA = 1 << 12;
const DO_READDIRPLUS = 1 << 13;
const READDIRPLUS_AUTO = 1 << 14;
const ASYNC_DIO = 1 << 15;
const WRITEBACK_CACHE = 1 << 16;
const PARALLEL_DIROPS = 1 << 18;
const ABORT_ERROR = 1 << 21;
const MAX_PAGES = 1 << 22;
const CACHE_SYMLINKS = 1 << 23;
const HANDLE_KILLPRIV_V2 = 1 << 28;
const INIT_EXT = 1 << 30;
const DIRECT_IO_ALLOW_MMAP = 1 << 4;
const PASSTHROUGH = 1 << 5;

const MIB = 1024 * 1024;
/** 7.23: what Linux 3.15 had. */
const OLD = ASYNC_READ | ATOMIC_O_TRUNC | BIG_WRITES | AUTO_INVAL_DATA | DO_READDIRPLUS;
const ALWAYS =
  OLD |
  READDIRPLUS_AUTO |
  ASYNC_DIO |
  PARALLEL_DIROPS |
  ABORT_ERROR |
  MAX_PAGES |
  CACHE_SYMLINKS |
  HANDLE_KILLPRIV_V2;

function mounted(options: Partial<SessionOptions> = {}): Kernel {
  return new Kernel(new ScriptedTarget().target, options);
}

/** struct fuse_init_out. */
function initOut(minor: number, flags: number, transfer: number, flags2 = 0): Buffer {
  return Buffer.concat([
    u32(7, minor, 0x20000, flags),
    u16(64, 48),
    u32(transfer, 1),
    u16(transfer / 4096, 0),
    u32(flags2),
    // Files to be passed through lie on no stacked file system.
    u32((flags2 & PASSTHROUGH) === 0 ? 0 : 1),
    zeros(24),
  ]);
}

describe('INIT', () => {
  it.each<[string, number, number, number | undefined, Buffer]>([
    ['of 7.23', 23, OLD, undefined, initOut(23, OLD, MIB / 8)],
    [
      'of 7.31',
      31,
      ALWAYS & ~HANDLE_KILLPRIV_V2,
      undefined,
      initOut(31, ALWAYS & ~HANDLE_KILLPRIV_V2, MIB),
    ],
    ['of 7.38 with more flags', 38, ALL_FLAGS, 0, initOut(38, ALWAYS | INIT_EXT, MIB)],
    [
      'of 7.39, which passes nothing through',
      39,
      ALL_FLAGS,
      DIRECT_IO_ALLOW_MMAP,
      initOut(39, ALWAYS | INIT_EXT, MIB, DIRECT_IO_ALLOW_MMAP),
    ],
    [
      'of 7.45',
      45,
      ALL_FLAGS,
      -1,
      initOut(45, ALWAYS | INIT_EXT, MIB, DIRECT_IO_ALLOW_MMAP | PASSTHROUGH),
    ],
    [
      'of a minor version yet to come',
      99,
      ALL_FLAGS,
      -1,
      initOut(45, ALWAYS | INIT_EXT, MIB, DIRECT_IO_ALLOW_MMAP | PASSTHROUGH),
    ],
    ['with flags2 that are not announced', 45, ALL_FLAGS & ~INIT_EXT, -1, initOut(45, ALWAYS, MIB)],
  ])('%s', (_what, minor, flags, flags2, expected) => {
    const kernel = mounted();
    const reply = kernel.ask('INIT', 0, body.init(7, minor, 0x20000, flags, flags2));
    expect(reply.length).toBe(16 + 64);
    expect(reply.body).toEqual(expected);
    expect(kernel.session.flags).toBe(expected.readInt32LE(12));
    expect(kernel.session.maxTransfer).toBe(expected.readUInt32LE(20));
  });

  it('asks for what the options need, where the kernel has it', () => {
    const locks = mounted({ userModeLock: true });
    locks.init();
    expect(locks.session.has(POSIX_LOCKS)).toBe(true);
    expect(locks.session.has(FLOCK_LOCKS)).toBe(true);
    expect(locks.session.has(WRITEBACK_CACHE)).toBe(false);
    const cache = mounted({ writebackCache: true });
    cache.init();
    expect(cache.session.has(WRITEBACK_CACHE)).toBe(true);
    expect(cache.session.has(POSIX_LOCKS)).toBe(false);
    const uncached = mounted({ entryTimeout: 0 });
    uncached.init();
    // A name that is not kept has no use for what a listing says of it.
    expect(uncached.session.flags & (DO_READDIRPLUS | READDIRPLUS_AUTO)).toBe(0);
    const kept = mounted({ entryTimeout: 1, attributeTimeout: 0 });
    kept.init();
    expect(kept.session.has(DO_READDIRPLUS)).toBe(true);
    const old = mounted({ userModeLock: true, writebackCache: true });
    old.init(23, OLD);
    expect(old.session.flags).toBe(OLD);
  });

  it.each<[string, Partial<SessionOptions>]>([
    ['passthrough: false', { passthrough: false }],
    ['writebackCache, which the kernel does not combine with it', { writebackCache: true }],
  ])('asks for no passthrough with %s', (_what, options) => {
    const kernel = mounted(options);
    const { body: reply } = kernel.ask('INIT', 0, body.init(7, 45, 0x20000, ALL_FLAGS, -1));
    expect(reply.readUInt32LE(32)).toBe(DIRECT_IO_ALLOW_MMAP);
    expect(reply.readUInt32LE(36)).toBe(0);
    expect(kernel.session.passesThrough).toBe(false);
  });

  it('of a newer major version is told of ours, and comes again', async () => {
    const kernel = mounted();
    const first = kernel.ask('INIT', 0, body.init(8, 3, 0x20000, ALL_FLAGS, -1));
    expect(first.body).toEqual(Buffer.concat([u32(7, 45), zeros(56)]));
    expect(kernel.session.flags).toBe(0);
    expect(kernel.fail('STATFS', 1)).toBe('EIO');
    kernel.init(38);
    await kernel.session.ready;
    expect(kernel.fail('STATFS', 1)).toBe('OK');
  });

  it('of a newer major version may be as short as its two numbers', () => {
    const reply = mounted().ask('INIT', 0, u32(8, 0));
    expect(reply.body).toEqual(Buffer.concat([u32(7, 45), zeros(56)]));
  });

  it.each([
    ['7.22', 7, 22],
    ['7.8', 7, 8],
    ['6.99', 6, 99],
    ['0.0', 0, 0],
  ])('of %s is refused', (_what, major, minor) => {
    const kernel = mounted();
    expect(kernel.fail('INIT', 0, u32(major, minor))).toBe('EPROTO');
    expect(kernel.fail('INIT', 0, body.init(major, minor, 0, ALL_FLAGS))).toBe('EPROTO');
    expect(kernel.session.flags).toBe(0);
  });

  it('that breaks off is refused', () => {
    const whole = body.init(7, 45, 0x20000, INIT_EXT, 0);
    for (let length = 0; length < 20; length += 1) {
      expect(mounted().fail('INIT', 0, whole.subarray(0, length))).toBe('EINVAL');
    }
    expect(mounted().fail('INIT', 0, whole.subarray(0, 20))).toBe('OK');
  });

  it('is what makes the volume ready, and comes before everything else', async () => {
    const kernel = mounted();
    let isReady = false;
    void kernel.session.ready.then(() => (isReady = true));
    expect(kernel.fail('LOOKUP', 1, cString('a'))).toBe('EIO');
    expect(kernel.fail('GETATTR', 1, body.getattr())).toBe('EIO');
    expect(kernel.repliesTo(kernel.post('FORGET', 1, body.forget(1)))).toHaveLength(0);
    await settled();
    expect(isReady).toBe(false);
    kernel.init();
    await settled();
    expect(isReady).toBe(true);
    expect(kernel.fail('LOOKUP', 1, cString('a'))).toBe('OK');
  });

  it('waits for what the file system says of the volume', async () => {
    const script = new ScriptedTarget();
    script.isAsync = true;
    const kernel = new Kernel(script.target);
    const reply = await kernel.later('INIT', 0, body.init(7, 45, 0x20000, ALL_FLAGS, 0));
    expect(reply.body).toEqual(initOut(45, ALWAYS | INIT_EXT, MIB));
    expect(kernel.session.volume).toEqual({ maximumComponentLength: 200 });
  });

  it.each([false, true])('succeeds when it says nothing (async: %s)', async (isAsync) => {
    const script = new ScriptedTarget();
    script.isAsync = isAsync;
    script.answers.getVolumeInformation = failure('ACCESS_DENIED');
    const kernel = new Kernel(script.target);
    const unique = kernel.post('INIT', 0, body.init(7, 45, 0x20000, ALL_FLAGS, 0));
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('OK');
    await kernel.session.ready;
    script.isAsync = false;
    // f_namelen
    expect(kernel.ask('STATFS', 1).u32(44)).toBe(255);
  });
});
