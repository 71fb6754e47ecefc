import { describe, expect, it } from 'vitest';
import { DokanError } from '../../../lib/errors.js';
import type { FileContext } from '../../../lib/operations.js';
import { RequestFlag } from '../../../lib/hosts/dokan/slot.js';
import { deferred, settled } from '../../dispatcher/harness.js';
import { NtStatus, Rig, status } from './harness.js';

const READ = { operation: 'READ_FILE', name: '\\f' } as const;
const WRITE = { operation: 'WRITE_FILE', name: '\\f' } as const;

/** A read of so many bytes. */
function read(context: number, length: number, more: object = {}) {
  return { ...READ, context, arguments: [length], target: length, ...more };
}

function write(context: number, text: string, more: object = {}) {
  const source = Buffer.from(text);
  return { ...WRITE, context, arguments: [source.length], source, ...more };
}

describe('reads', () => {
  it('fills a block, at once', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer, offset: number) => buffer.fill(offset).length - 1,
    });
    const context = await rig.open('\\f');
    for (const offset of [7, 8]) {
      const answer = await rig.atOnce(read(context, 4, { offset }));
      expect([status(answer), answer.result(0)]).toEqual(['SUCCESS', 3]);
      expect(answer.read.subarray(0, 3)).toEqual(Buffer.alloc(3, offset));
    }
  });

  it('makes no new Buffer for a block it knows', async () => {
    const seen = new Set<Buffer>();
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => {
        seen.add(buffer);
        return 0;
      },
    });
    const context = await rig.open('\\f');
    for (let turn = 0; turn < 10; turn += 1) await rig.atOnce(read(context, 100));
    expect(seen.size).toBe(1);
  });

  it('hands on how it came about', async () => {
    const seen: unknown[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, _buffer: Buffer, _offset: number, file: FileContext) => {
        seen.push([file.pagingIo, file.synchronousIo, file.noCache, file.writeToEndOfFile]);
        return 0;
      },
    });
    const context = await rig.open('\\f');
    const { PAGING_IO, SYNCHRONOUS_IO, NO_CACHE } = RequestFlag;
    for (const flags of [0, PAGING_IO, SYNCHRONOUS_IO, NO_CACHE]) {
      await rig.atOnce(read(context, 1, { flags }));
    }
    expect(seen).toEqual([
      [false, false, false, false],
      [true, false, false, false],
      [false, true, false, false],
      [false, false, true, false],
    ]);
  });

  it('of length 0 needs no memory', async () => {
    const lengths: number[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => {
        lengths.push(buffer.length);
        return 0;
      },
    });
    const context = await rig.open('\\f');
    expect(status(await rig.atOnce(read(context, 0)))).toBe('SUCCESS');
    expect(lengths).toEqual([0]);
  });

  it('beyond what a file can be is at the end of it', async () => {
    const rig = new Rig({ createFile: () => undefined, readFile: () => 1 });
    const context = await rig.open('\\f');
    const answer = await rig.atOnce(read(context, 1, { flags: RequestFlag.OUT_OF_RANGE }));
    expect(status(answer)).toBe('END_OF_FILE');
  });

  it('of one open run side by side, and while it is cleaned up', async () => {
    const answers = [deferred<number>(), deferred<number>()];
    const log: string[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => answers[buffer.length - 1]!.promise,
      cleanup: () => void log.push('cleanup'),
      closeFile: () => void log.push('closeFile'),
    });
    const context = await rig.open('\\f');
    const first = rig.ask(read(context, 1));
    const second = rig.ask(read(context, 2));
    await rig.ask({ operation: 'CLEANUP', name: '\\f', context });
    answers[1]!.resolve(2);
    expect((await second).result(0)).toBe(2);
    answers[0]!.resolve(1);
    expect((await first).result(0)).toBe(1);
    await rig.ask({ operation: 'CLOSE_FILE', name: '\\f', context });
    expect(log).toEqual(['cleanup', 'closeFile']);
  });

  it('that fail are answered with the status, and keep the block', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      readFile: () => Promise.reject(new DokanError(NtStatus.ACCESS_DENIED)),
    });
    const context = await rig.open('\\f');
    const answer = await rig.ask(read(context, 1));
    expect([status(answer), answer.dropsBlock]).toEqual(['ACCESS_DENIED', false]);
  });

  it('trap: a block that a callback given up on may still write to is dropped', async () => {
    const late = deferred<number>();
    const buffers: Buffer[] = [];
    const rig = new Rig(
      {
        createFile: () => undefined,
        readFile: (_path: string, buffer: Buffer) => {
          buffers.push(buffer);
          return buffers.length === 1 ? late.promise : buffer.fill(2).length;
        },
      },
      { operationTimeout: 20 },
    );
    const context = await rig.open('\\f');
    const answer = await rig.ask(read(context, 4));
    expect([status(answer), answer.dropsBlock]).toEqual(['IO_TIMEOUT', true]);
    const next = await rig.ask(read(context, 4));
    buffers[0]!.fill(1);
    late.resolve(4);
    await settled();
    expect(next.read).toEqual(Buffer.alloc(4, 2));
    expect(buffers[1]!.buffer).not.toBe(buffers[0]!.buffer);
  });

  it('fails when the file system has transferred the memory away, and drops it', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => {
        const { length } = buffer;
        structuredClone(buffer.buffer, { transfer: [buffer.buffer as ArrayBuffer] });
        return length;
      },
    });
    const context = await rig.open('\\f');
    for (let turn = 0; turn < 2; turn += 1) {
      const answer = await rig.atOnce(read(context, 4));
      expect([status(answer), answer.dropsBlock]).toEqual(['INTERNAL_ERROR', true]);
    }
  });

  it.each([
    ['a block', false],
    ['memory of whoever asks', true],
  ])('copies bytes of the file system into %s, at once', async (_what, mayExpose) => {
    const content = Buffer.from('some bytes');
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => content.subarray(0, buffer.length - 1),
    });
    rig.session.reads.answeredAtOnce();
    const context = await rig.open('\\f');
    const answer = await rig.atOnce(read(context, 5, { mayExpose }));
    content.fill(0);
    expect([status(answer), answer.result(0)]).toEqual(['SUCCESS', 4]);
    expect(answer.read.subarray(0, 4).toString()).toBe('some');
    expect(rig.session.reads.allowed).toBe(true);
  });

  it('copies bytes that come later, and fails for such as were taken away', async () => {
    const content = new Uint8Array([1, 2, 3]);
    const rig = new Rig({
      createFile: () => undefined,
      readFile: () => Promise.resolve(content),
    });
    const context = await rig.open('\\f');
    const answer = await rig.ask(read(context, 3));
    expect([answer.result(0), ...answer.read]).toEqual([3, 1, 2, 3]);
    const asked = rig.ask(read(context, 3));
    // Their promise is settled; it is not taken up yet.
    structuredClone(content.buffer, { transfer: [content.buffer] });
    expect(status(await asked)).toBe('INTERNAL_ERROR');
  });

  it('without the callback is NOT_IMPLEMENTED', async () => {
    const rig = new Rig({ createFile: () => undefined });
    const context = await rig.open('\\f');
    expect(status(await rig.atOnce(read(context, 1)))).toBe('NOT_IMPLEMENTED');
  });
});

describe('memory of whoever asks', () => {
  const LARGE = 256;

  it('is filled without a copy, and gone afterwards', async () => {
    const buffers: Buffer[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => {
        buffers.push(buffer);
        return buffer.fill(9).length;
      },
    });
    rig.session.reads.answeredAtOnce();
    const context = await rig.open('\\f');
    const answer = await rig.atOnce(read(context, LARGE, { mayExpose: true }));
    expect(answer.read).toEqual(Buffer.alloc(LARGE, 9));
    expect(buffers[0]!.length).toBe(0);
  });

  it('is read by a write', async () => {
    const texts: string[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      writeFile: (_path: string, data: Buffer) => {
        texts.push(data.toString());
        return data.length;
      },
    });
    rig.session.writes.answeredAtOnce();
    const context = await rig.open('\\f');
    const answer = await rig.atOnce(write(context, 'exposed', { mayExpose: true }));
    expect([texts, answer.result(0)]).toEqual([['exposed'], 7]);
  });

  it.each([
    ['the runtime forbids it', false],
    ['the request has no block', true],
  ])('is copied into a block when %s', async (_why, exposes) => {
    const rig = new Rig({
      createFile: () => undefined,
      writeFile: (_path: string, data: Buffer) => (data.toString() === 'copied' ? 6 : 0),
      readFile: (_path: string, buffer: Buffer) => buffer.fill(3).length,
    });
    rig.native.exposes = exposes;
    if (!exposes) {
      rig.session.writes.answeredAtOnce();
      rig.session.reads.answeredAtOnce();
    }
    const context = await rig.open('\\f');
    expect((await rig.atOnce(write(context, 'copied', { mayExpose: true }))).result(0)).toBe(6);
    const answer = await rig.atOnce(read(context, LARGE, { mayExpose: true }));
    expect(answer.read).toEqual(Buffer.alloc(LARGE, 3));
  });

  it('trap: is not handed out again once a callback has given a promise', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      readFile: (_path: string, buffer: Buffer) => Promise.resolve(buffer.length),
      writeFile: (_path: string, data: Buffer) => data.length,
    });
    const context = await rig.open('\\f');
    await rig.atOnce(write(context, 'at once', { mayExpose: true }));
    await rig.ask(read(context, LARGE, { mayExpose: true }));
    rig.session.reads.answeredAtOnce();
    expect([rig.session.reads.allowed, rig.session.writes.allowed]).toEqual([false, true]);
    const again = await rig.ask(read(context, LARGE, { mayExpose: true }));
    expect(again.result(0)).toBe(LARGE);
  });

  it('trap: is not handed to a callback that has not shown that it answers at once', async () => {
    const rig = new Rig(
      { createFile: () => undefined, readFile: () => new Promise<number>(() => {}) },
      { operationTimeout: 20 },
    );
    const context = await rig.open('\\f');
    const asked = await rig.ask(read(context, LARGE, { mayExpose: true }));
    expect(status(asked)).toBe('IO_TIMEOUT');
    expect(rig.native.outstanding).toBe(0);
  });

  it('trap: is kept until the callback comes back, though its request was given up', async () => {
    const late = deferred<number>();
    let memory!: Buffer;
    const rig = new Rig(
      {
        createFile: () => undefined,
        readFile: (_path: string, buffer: Buffer) => {
          memory = buffer;
          return late.promise;
        },
      },
      { operationTimeout: 20 },
    );
    rig.session.reads.answeredAtOnce();
    const context = await rig.open('\\f');
    const asked = rig.ask(read(context, LARGE, { mayExpose: true }));
    await expect.poll(() => rig.dispatcher.statistics().readFile?.timeouts).toBe(1);
    rig.session.abandonAll(NtStatus.DEVICE_REMOVED);
    await settled();
    expect(rig.native.outstanding).toBe(1);
    // It would be somebody else's memory by now.
    expect(memory.fill(1).length).toBe(LARGE);
    late.resolve(LARGE);
    expect(status(await asked)).toBe('IO_TIMEOUT');
    expect(memory.length).toBe(0);
  });
});

describe('writes', () => {
  it('hands on data and offset', async () => {
    const seen: unknown[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      writeFile: (path: string, data: Buffer, offset: number) => {
        seen.push([path, data.toString(), offset]);
        return data.length - 1;
      },
    });
    const context = await rig.open('\\f');
    const answer = await rig.atOnce(write(context, 'abc', { offset: 5_000_000_000 }));
    expect(answer.result(0)).toBe(2);
    expect(seen).toEqual([['/f', 'abc', 5_000_000_000]]);
  });

  it('trap: the offset means nothing when writing to the end of the file', async () => {
    const seen: unknown[] = [];
    const rig = new Rig({
      createFile: () => undefined,
      writeFile: (_path: string, data: Buffer, offset: number, file: FileContext) => {
        seen.push([offset, file.writeToEndOfFile]);
        return data.length;
      },
    });
    const context = await rig.open('\\f');
    const flags = RequestFlag.WRITE_TO_END_OF_FILE;
    await rig.atOnce(write(context, 'a', { flags, offset: -1 }));
    await rig.atOnce(write(context, 'a', { flags: flags | RequestFlag.OUT_OF_RANGE }));
    expect(seen).toEqual([
      [0, true],
      [0, true],
    ]);
    const wrong = await rig.atOnce(write(context, 'a', { flags: RequestFlag.OUT_OF_RANGE }));
    expect(status(wrong)).toBe('INVALID_PARAMETER');
  });

  it('trap: paging writes come after the cleanup, and work', async () => {
    const rig = new Rig({
      createFile: () => undefined,
      writeFile: (_path: string, data: Buffer) => data.length,
    });
    const context = await rig.open('\\f');
    await rig.ask({ operation: 'CLEANUP', name: '\\f', context });
    const flags = RequestFlag.PAGING_IO;
    expect((await rig.atOnce(write(context, 'abc', { flags }))).result(0)).toBe(3);
    await rig.ask({ operation: 'CLOSE_FILE', name: '\\f', context });
  });
});
