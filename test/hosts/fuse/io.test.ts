import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import { IoFlags } from '../../../lib/target.js';
import type { FileInformation } from '../../../lib/operations.js';
import { errnoOf, failure, known, opened, scripted, settled, type Scripted } from './harness.js';
import { body, cString, u32, u64 } from './kernel.js';

const { SYNCHRONOUS_IO, PAGING_IO, WRITE_TO_END_OF_FILE } = IoFlags;
const WRITE_CACHE = 1;
const KILL_SUIDGID = 4;
const O_APPEND = 0o2000;
const MAX = Number.MAX_SAFE_INTEGER;

interface Opened extends Scripted {
  node: number;
  handle: number;
}

function file(options: Partial<SessionOptions> = {}, info: FileInformation = { size: 0 }): Opened {
  const all = scripted(options);
  const node = known(all, 'a', info);
  all.script.answers.getFileInformation = info;
  return { ...all, node, handle: opened(all, node) };
}

/** Bytes that are not the same anywhere near. */
function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let index = 0; index < size; index += 1) bytes[index] = index % 251;
  return bytes;
}

describe('READ', () => {
  const bytes = Buffer.from('some bytes of a file');
  const fill = (_open: unknown, _path: unknown, buffer: Buffer, offset: number): number =>
    bytes.copy(buffer, 0, offset);

  it.each([false, true])('answers with the bytes alone (async: %s)', async (isAsync) => {
    const { kernel, script, node, handle } = file();
    script.answers.readFile = fill;
    script.isAsync = isAsync;
    const unique = kernel.post('READ', node, body.read(handle, 5, 4096));
    await settled();
    expect(kernel.reply(unique).body).toEqual(bytes.subarray(5));
    const [call] = script.takeCalls();
    expect(call?.slice(0, 3)).toEqual(['readFile', 'open 1', '/a']);
    expect((call?.[3] as Buffer).length).toBe(4096);
    expect(call?.slice(4)).toEqual([5, SYNCHRONOUS_IO]);
  });

  it('of nothing, of the largest size, and of more than that', () => {
    const { kernel, script, node, handle } = file();
    const sizes: number[] = [];
    script.answers.readFile = (_open: unknown, _path: unknown, buffer: Buffer): number => {
      sizes.push(buffer.length);
      return buffer.length;
    };
    for (const size of [0, 1, 2 ** 20, 2 ** 20 + 1, 2 ** 32 - 1]) {
      kernel.ask('READ', node, body.read(handle, 0, size));
    }
    expect(sizes).toEqual([0, 1, 2 ** 20, 2 ** 20, 2 ** 20]);
    expect(kernel.transport.sent.at(-1)).toHaveLength(2 ** 20 + 16);
  });

  it('beyond every file finds its end', () => {
    const { kernel, script, node, handle } = file();
    script.answers.readFile = 0;
    kernel.ask('READ', node, body.read(handle, MAX, 1));
    expect(script.takeNames()).toEqual(['readFile']);
    for (const offset of [2n ** 53n, 2n ** 63n - 1n]) {
      expect(kernel.ask('READ', node, body.read(handle, offset, 10)).length).toBe(16);
    }
    expect(script.takeCalls()).toEqual([]);
  });

  it.each([
    ['few are copied', 8192, false],
    ['many are sent from there', 8193, true],
    ['all there is room for', 2 ** 20, true],
  ])('answers with bytes in memory of the file system: %s', async (_what, size, isSent) => {
    const { kernel, script, node, handle } = file();
    const content = pattern(size);
    script.answers.readFile = () => content;
    for (const isAsync of [false, true]) {
      script.isAsync = isAsync;
      const unique = kernel.post('READ', node, body.read(handle, 0, 2 ** 20));
      await settled();
      expect(kernel.reply(unique).body.equals(content)).toBe(true);
    }
    expect(kernel.transport.payloads).toEqual(isSent ? [content, content] : []);
  });

  it.each([8, 2 ** 16])('sends %d bytes of its own before anything else runs', (size) => {
    const { kernel, script, node, handle } = file();
    const content = Buffer.alloc(size);
    script.answers.readFile = () => content;
    script.answers.writeFile = () => content.fill(content[0]! + 1).length;
    const reads: number[] = [];
    const message = (opcode: number, parts: Buffer): number =>
      kernel.transport.incoming.push(kernel.message(opcode, node, [parts]));
    for (let turn = 0; turn < 100; turn += 1) {
      reads.push(2 * turn);
      message(15, body.read(handle, 0, size));
      message(16, body.write(handle, 0, Buffer.alloc(size)));
    }
    kernel.transport.sent.length = 0;
    while (!kernel.session.serve());
    const replies = kernel.transport.sent.filter((_reply, index) => reads.includes(index));
    expect(replies.map((reply) => [reply.length, reply[16], reply.at(-1)])).toEqual(
      reads.map((_read, turn) => [size + 16, turn, turn]),
    );
  });

  it('keeps no bytes of its own that are sent', async () => {
    const { kernel, script, node, handle } = file();
    const sent: WeakRef<object>[] = [];
    script.answers.readFile = () => {
      const bytes = Buffer.alloc(100_000);
      sent.push(new WeakRef(bytes));
      return bytes;
    };
    kernel.post('READ', node, body.read(handle, 0, 100_000));
    script.isAsync = true;
    kernel.post('READ', node, body.read(handle, 0, 100_000));
    await settled();
    kernel.transport.payloads.length = 0;
    script.answers.readFile = 0;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await expect
      .poll(
        () => {
          collect();
          return sent.map((reference) => reference.deref() === undefined);
        },
        { timeout: 30_000 },
      )
      .toEqual([true, true]);
  });

  it('with bytes taken away before they are sent fails', async () => {
    const { kernel, script, node, handle } = file();
    script.isAsync = true;
    for (const size of [100, 100_000]) {
      const bytes = new Uint8Array(size);
      script.answers.readFile = () => bytes;
      const unique = kernel.post('READ', node, body.read(handle, 0, size));
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      await settled();
      expect(errnoOf(kernel.reply(unique))).toBe('EIO');
    }
  });

  it.each([false, true])('with bytes that cannot be sent fails (async: %s)', async (isAsync) => {
    const { kernel, script, node, handle } = file();
    const bytes = Buffer.alloc(100_000);
    Object.defineProperty(bytes, 'length', { value: 200_000 });
    script.answers.readFile = () => bytes;
    script.isAsync = isAsync;
    const unique = kernel.post('READ', node, body.read(handle, 0, 100_000));
    await settled();
    expect(errnoOf(kernel.reply(unique))).toBe('EIO');
    script.answers.readFile = 0;
    const next = kernel.post('READ', node, body.read(handle, 0, 8));
    await settled();
    expect(errnoOf(kernel.reply(next))).toBe('OK');
  });

  it('fails with what the file system says', () => {
    const { kernel, script, node, handle } = file();
    script.answers.readFile = failure('FILE_LOCK_CONFLICT');
    expect(kernel.fail('READ', node, body.read(handle, 0, 10))).toBe('EAGAIN');
    script.answers.readFile = failure('NOT_IMPLEMENTED');
    expect(kernel.fail('READ', node, body.read(handle, 0, 10))).toBe('EOPNOTSUPP');
    expect(kernel.fail('READ', node, body.read(0, 0, 10))).toBe('EBADF');
    expect(kernel.fail('READ', node, body.read(2n ** 64n - 1n, 0, 10))).toBe('EBADF');
  });
});

describe('WRITE', () => {
  const data = Buffer.from('data');

  it.each([false, true])('hands the bytes over (async: %s)', async (isAsync) => {
    const { kernel, script, node, handle } = file();
    script.answers.writeFile = 3;
    script.isAsync = isAsync;
    const unique = kernel.post('WRITE', node, body.write(handle, 2 ** 40, data));
    await settled();
    expect(kernel.reply(unique).body).toEqual(u32(3, 0));
    const call = ['writeFile', 'open 1', '/a', data, 2 ** 40, SYNCHRONOUS_IO];
    expect(script.takeCalls()).toEqual([call]);
  });

  it.each<[string, number, number, Partial<SessionOptions>, number]>([
    ['of a process', 0, 0, {}, 0],
    ['that appends', 0, O_APPEND, {}, WRITE_TO_END_OF_FILE],
    ['of the page cache', WRITE_CACHE, 0, {}, PAGING_IO],
    ['of the page cache to a file open for appending', WRITE_CACHE, O_APPEND, {}, PAGING_IO],
    [
      'of the write-back cache, which may extend',
      WRITE_CACHE,
      O_APPEND,
      { writebackCache: true },
      0,
    ],
    [
      'that appends, past the write-back cache',
      0,
      O_APPEND,
      { writebackCache: true },
      WRITE_TO_END_OF_FILE,
    ],
  ])('%s', (_what, writeFlags, openFlags, options, io) => {
    const { kernel, script, node, handle } = file(options);
    script.answers.writeFile = 4;
    kernel.ask('WRITE', node, body.write(handle, 0, data, writeFlags, openFlags));
    expect(script.takeCalls()[0]?.at(-1)).toBe(SYNCHRONOUS_IO | io);
  });

  it('fails for a part of what the write-back cache held: the kernel would forget the rest', () => {
    const { kernel, script, node, handle } = file({ writebackCache: true });
    script.answers.writeFile = 3;
    const reply = kernel.try('WRITE', node, body.write(handle, 0, data, WRITE_CACHE));
    expect(errnoOf(reply)).toBe('EIO');
    expect(kernel.ask('WRITE', node, body.write(handle, 0, data)).body).toEqual(u32(3, 0));
  });

  it('takes set-user-ID away when told to, once', () => {
    const { kernel, script, node, handle } = file({}, { size: 0, mode: 0o104755 });
    script.answers.writeFile = 4;
    const write = body.write(handle, 0, data, KILL_SUIDGID);
    expect(kernel.ask('WRITE', node, write).body).toEqual(u32(4, 0));
    expect(script.takeCalls().at(-1)).toEqual(['setMode', 'open 1', '/a', 0o755]);
    kernel.ask('WRITE', node, write);
    expect(script.takeNames()).toEqual(['writeFile']);
  });

  it('keeps set-user-ID where there are no modes, or when not told', () => {
    const { kernel, script, node, handle } = file({}, { size: 0, mode: 0o104755 });
    script.answers.writeFile = 4;
    kernel.ask('WRITE', node, body.write(handle, 0, data));
    script.missing.add('setMode');
    kernel.ask('WRITE', node, body.write(handle, 0, data, KILL_SUIDGID));
    expect(script.takeNames()).toEqual(['writeFile', 'writeFile']);
  });

  it('fails when set-user-ID stays, and tries again', async () => {
    for (const isAsync of [false, true]) {
      const { kernel, script, node, handle } = file({}, { size: 0, mode: 0o104755 });
      script.answers.writeFile = 4;
      script.answers.setMode = failure('ACCESS_DENIED');
      script.isAsync = isAsync;
      for (let turn = 0; turn < 2; turn += 1) {
        const unique = kernel.post('WRITE', node, body.write(handle, 0, data, KILL_SUIDGID));
        await settled();
        expect(kernel.reply(unique).errno).toBe(13);
        expect(script.takeNames()).toEqual(['writeFile', 'setMode']);
      }
    }
  });

  it('refuses what ends beyond 2^53 - 1, and data that is not there', () => {
    const { kernel, script, node, handle } = file();
    script.answers.writeFile = 4;
    expect(kernel.fail('WRITE', node, body.write(handle, MAX - 4, data))).toBe('OK');
    expect(kernel.fail('WRITE', node, body.write(handle, MAX - 3, data))).toBe('EFBIG');
    expect(kernel.fail('WRITE', node, body.write(handle, 2n ** 63n, data))).toBe('EFBIG');
    script.takeCalls();
    const short = body.write(handle, 0, data).subarray(0, -1);
    expect(kernel.fail('WRITE', node, short)).toBe('EINVAL');
    expect(kernel.fail('WRITE', node, body.write(99, 0, data))).toBe('EBADF');
    expect(script.takeCalls()).toEqual([]);
  });

  it('after an unlink goes by the last path', () => {
    const { kernel, script, node, handle } = file();
    kernel.ask('UNLINK', 1, cString('a'));
    script.takeCalls();
    script.answers.writeFile = 4;
    kernel.ask('WRITE', node, body.write(handle, 0, data));
    expect(script.takeCalls()[0]?.slice(0, 3)).toEqual(['writeFile', 'open 1', '/a']);
  });
});

describe('FALLOCATE', () => {
  const KEEP_SIZE = 1;
  const PUNCH_HOLE = 2;
  const ZERO_RANGE = 16;
  const asked = ['getFileInformation', 'open 1', '/a'];
  const reserved = ['setAllocationSize', 'open 1', '/a', 150];
  const grown = ['setEndOfFile', 'open 1', '/a', 150];
  const zeroed = ['setZeroData', 'open 1', '/a', 50, 100];

  it.each<[string, number, number, unknown[][]]>([
    ['0 within the file', 0, 150, [asked]],
    ['0 beyond its end', 0, 149, [asked, reserved, grown]],
    ['KEEP_SIZE within the file', KEEP_SIZE, 150, [asked]],
    ['KEEP_SIZE beyond its end', KEEP_SIZE, 149, [asked, reserved]],
    ['PUNCH_HOLE | KEEP_SIZE', PUNCH_HOLE | KEEP_SIZE, 10, [zeroed]],
    ['ZERO_RANGE | KEEP_SIZE', ZERO_RANGE | KEEP_SIZE, 10, [zeroed]],
    ['ZERO_RANGE within the file', ZERO_RANGE, 150, [zeroed, asked]],
    ['ZERO_RANGE beyond its end', ZERO_RANGE, 149, [zeroed, asked, grown]],
  ])('%s', async (_what, mode, size, calls) => {
    for (const isAsync of [false, true]) {
      const { kernel, script, node, handle } = file({}, { size });
      script.isAsync = isAsync;
      const unique = kernel.post('FALLOCATE', node, body.fallocate(handle, 50, 100, mode));
      await settled();
      expect(kernel.reply(unique).bytes).toHaveLength(16);
      expect(kernel.reply(unique).errno).toBe(0);
      expect(script.takeCalls()).toEqual(calls);
    }
  });

  it('makes do without setAllocationSize, where the size may change', () => {
    const { kernel, script, node, handle } = file();
    script.missing.add('setAllocationSize');
    expect(kernel.fail('FALLOCATE', node, body.fallocate(handle, 50, 100, 0))).toBe('OK');
    expect(script.takeCalls()).toEqual([asked, grown]);
    const keep = body.fallocate(handle, 50, 100, KEEP_SIZE);
    expect(kernel.fail('FALLOCATE', node, keep)).toBe('EOPNOTSUPP');
  });

  it.each([4, 8, 32, 64, 0x8000_0000])('does not know mode %d', (mode) => {
    const { kernel, script, node, handle } = file();
    expect(kernel.fail('FALLOCATE', node, body.fallocate(handle, 0, 1, mode))).toBe('EOPNOTSUPP');
    expect(script.takeCalls()).toEqual([]);
  });

  it('fails without setZeroData, beyond 2^53 - 1 and without a handle', () => {
    const { kernel, script, node, handle } = file();
    const fail = (...given: Parameters<typeof body.fallocate>): string =>
      kernel.fail('FALLOCATE', node, body.fallocate(...given));
    script.missing.add('setZeroData');
    expect(fail(handle, 0, 1, ZERO_RANGE)).toBe('EOPNOTSUPP');
    expect(fail(handle, MAX, 1, 0)).toBe('EFBIG');
    expect(fail(handle, 2n ** 62n, 1, 0)).toBe('EFBIG');
    expect(fail(99, 0, 1, 0)).toBe('EBADF');
    expect(script.takeCalls()).toEqual([]);
  });
});

describe('LSEEK', () => {
  const SEEK_DATA = 3;
  const SEEK_HOLE = 4;

  function seek(all: Opened, offset: number | bigint, whence: number): number | string {
    const reply = all.kernel.try('LSEEK', all.node, body.lseek(all.handle, offset, whence));
    if (reply.errno === 0) expect(reply.body).toEqual(u64(reply.u64(0)));
    return reply.errno === 0 ? reply.u64(0) : `errno ${reply.errno}`;
  }

  it('takes all for data where the file system cannot tell', () => {
    const all = file({}, { size: 100 });
    all.script.missing.add('queryAllocatedRange');
    expect(seek(all, 5, SEEK_DATA)).toBe(5);
    expect(seek(all, 5, SEEK_HOLE)).toBe(100);
    expect(all.script.takeNames()).toEqual(['getFileInformation', 'getFileInformation']);
  });

  it.each<[number, number, { offset: number; length: number } | undefined, number | string]>([
    [5, SEEK_DATA, { offset: 0, length: 10 }, 5],
    [5, SEEK_DATA, { offset: 20, length: 10 }, 20],
    [5, SEEK_DATA, undefined, 'errno 6'],
    [5, SEEK_DATA, { offset: 100, length: 10 }, 'errno 6'],
    [5, SEEK_HOLE, { offset: 0, length: 10 }, 10],
    [5, SEEK_HOLE, { offset: 5, length: 10 }, 15],
    [5, SEEK_HOLE, { offset: 5, length: 1000 }, 100],
    [5, SEEK_HOLE, { offset: 20, length: 10 }, 5],
    [5, SEEK_HOLE, undefined, 5],
    [5, SEEK_HOLE, { offset: 0, length: 3 }, 5],
    [99, SEEK_HOLE, { offset: 99, length: 1 }, 100],
  ])('from %d with whence %d and data at %j', async (offset, whence, range, expected) => {
    const all = file({}, { size: 100 });
    all.script.answers.queryAllocatedRange = range;
    expect(seek(all, offset, whence)).toBe(expected);
    const asked = ['queryAllocatedRange', 'open 1', '/a', offset];
    expect(all.script.takeCalls()[1]).toEqual(asked);
    all.script.isAsync = true;
    const message = body.lseek(all.handle, offset, whence);
    const reply = await all.kernel.later('LSEEK', all.node, message);
    expect(reply.errno === 0 ? reply.u64(0) : `errno ${reply.errno}`).toBe(expected);
  });

  it.each([100, 101, MAX, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n])(
    'from %d, where the file has ended, is ENXIO',
    (offset) => {
      const all = file({}, { size: 100 });
      expect(seek(all, offset, SEEK_DATA)).toBe('errno 6');
      expect(seek(all, offset, SEEK_HOLE)).toBe('errno 6');
    },
  );

  it('knows no other whence, and no other handle', () => {
    const all = file({}, { size: 100 });
    for (const whence of [0, 1, 2, 5]) expect(seek(all, 0, whence)).toBe('errno 22');
    const { kernel, node } = all;
    expect(kernel.fail('LSEEK', node, body.lseek(99, 0, SEEK_DATA))).toBe('EBADF');
    expect(all.script.takeCalls()).toEqual([]);
  });
});
