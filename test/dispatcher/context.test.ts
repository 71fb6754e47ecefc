import { describe, expect, it } from 'vitest';
import { DokanError } from '../../lib/errors.js';
import type { CreateFileRequest, FileContext } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags } from '../../lib/target.js';
import {
  caller,
  deferred,
  failure,
  harness,
  now,
  OPEN,
  openNow,
  promised,
  settled,
} from './harness.js';

const buffer = Buffer.alloc(8);
const { NONE, PAGING_IO, SYNCHRONOUS_IO, NO_CACHE, WRITE_TO_END_OF_FILE, DATA_ONLY } = IoFlags;

describe('the FileContext', () => {
  it('is the same object from createFile to closeFile, with what was put in it', () => {
    const seen: FileContext[] = [];
    const note = (...given: unknown[]): void => void seen.push(given.at(-1) as FileContext);
    const { dispatcher } = harness({
      createFile: (_path: string, _how: CreateFileRequest, file: FileContext) => {
        file.context = { mine: true };
        file.backingFd = 42;
        note(file);
      },
      flushFileBuffers: note,
      moveFile: note,
      deleteFile: note,
      deleteDirectory: note,
      cleanup: note,
      closeFile: note,
    });
    const file = openNow(dispatcher);
    now(dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, caller()));
    now(dispatcher.moveFile(file, '/f', '/g', false, caller()));
    now(dispatcher.setDisposition(file, '/g', true, caller()));
    now(dispatcher.cleanup(file, '/g', caller()));
    now(dispatcher.closeFile(file, '/g', caller()));
    expect(seen).toHaveLength(6);
    expect(new Set(seen)).toEqual(new Set([file]));
    expect(file.context).toEqual({ mine: true });
    expect(file.backingFd).toBe(42);
    expect(openNow(dispatcher)).not.toBe(file);
  });

  it('of a callback by path is as new', () => {
    const contexts: unknown[] = [];
    const look = (_path: string, file: FileContext) => {
      contexts.push([file.context, file.isDirectory, file.backingFd]);
      file.context = "somebody else's";
      file.isDirectory = true;
      file.backingFd = 3;
    };
    const { dispatcher } = harness({
      queryOpen: (path: string, file: FileContext) => {
        look(path, file);
        if (path === '/missing') throw Object.assign(new Error('no'), { code: 'ENOENT' });
        return {};
      },
      readLink: (path: string, file: FileContext) => {
        look(path, file);
        return 'x';
      },
    });
    now(dispatcher.queryOpen('/f', caller()));
    now(dispatcher.readLink('/f', caller()));
    expect(() => dispatcher.queryOpen('/missing', caller())).toThrow();
    now(dispatcher.readLink('/f', caller()));
    expect(contexts).toEqual(Array(4).fill([undefined, false, undefined]));
  });

  it('of a callback by path is its own while another one runs', async () => {
    const seen: FileContext[] = [];
    const waiting: ReturnType<typeof deferred<object>>[] = [];
    const { dispatcher } = harness({
      queryOpen: (_path: string, file: FileContext) => {
        seen.push(file);
        const answer = deferred<object>();
        waiting.push(answer);
        return answer.promise;
      },
      readLink: (_path: string, file: FileContext) => {
        seen.push(file);
        if (seen.length === 1) now(dispatcher.readLink('/inner', caller()));
        return 'x';
      },
    });
    now(dispatcher.readLink('/outer', caller()));
    const asked = [dispatcher.queryOpen('/a', caller()), dispatcher.queryOpen('/b', caller())];
    now(dispatcher.readLink('/c', caller()));
    const [outer, inner, a, b, c] = seen;
    expect(inner).not.toBe(outer);
    expect(new Set([a, b, c]).size).toBe(3);
    for (const { resolve } of waiting) resolve({});
    for (const answer of asked) await answer;
  });

  it('tells a flush of the data alone from one of everything', () => {
    const seen: boolean[] = [];
    const { dispatcher } = harness({
      createFile: () => undefined,
      flushFileBuffers: (_path: string, file: FileContext) => void seen.push(file.dataOnly),
    });
    const file = openNow(dispatcher);
    for (const io of [DATA_ONLY, NONE]) now(dispatcher.flushFileBuffers(file, '/f', io, caller()));
    expect(seen).toEqual([true, false]);
  });

  it.each([
    [NONE, [false, false, false, false]],
    [PAGING_IO, [true, false, false, false]],
    [SYNCHRONOUS_IO, [false, true, false, false]],
    [NO_CACHE, [false, false, true, false]],
    [WRITE_TO_END_OF_FILE, [false, false, false, true]],
    [PAGING_IO | SYNCHRONOUS_IO | NO_CACHE | WRITE_TO_END_OF_FILE, [true, true, true, true]],
  ])('describes the read or write: flags %i', (io, expected) => {
    const seen: boolean[][] = [];
    const look = (file: FileContext): void =>
      void seen.push([file.pagingIo, file.synchronousIo, file.noCache, file.writeToEndOfFile]);
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: (_path: string, _buffer: Buffer, _offset: number, file: FileContext) => {
        look(file);
        return 0;
      },
      writeFile: (_path: string, _buffer: Buffer, _offset: number, file: FileContext) => {
        look(file);
        return 0;
      },
      getFileInformation: (_path: string, file: FileContext) => {
        look(file);
        return {};
      },
    });
    const file = openNow(dispatcher);
    now(dispatcher.readFile(file, '/f', buffer, 0, io, caller()));
    now(dispatcher.writeFile(file, '/f', buffer, 0, io, caller()));
    // What other callbacks are told does not come from the read before them.
    now(dispatcher.getFileInformation(file, '/f', caller()));
    expect(seen).toEqual([expected, expected, [false, false, false, false]]);
  });

  it('tells who asks, request by request', async () => {
    const seen: unknown[] = [];
    const { dispatcher } = harness({
      createFile: () => undefined,
      flushFileBuffers: (_path: string, file: FileContext) => {
        seen.push(file.processId, file.requestor());
        return Promise.resolve();
      },
    });
    const file = openNow(dispatcher);
    const asking = [11, 12].map((processId) =>
      dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, {
        ...caller(),
        processId,
        userId: processId + 100,
      }),
    );
    expect(seen).toEqual([
      11,
      { processId: 11, userId: 111, groupId: 100 },
      12,
      { processId: 12, userId: 112, groupId: 100 },
    ]);
    for (const answer of asking) await answer;
  });
});

describe('the signal', () => {
  interface Call {
    readonly file: FileContext;
    readonly done: ReturnType<typeof deferred<number>>;
  }

  function reading() {
    const calls: Call[] = [];
    const made = harness({
      createFile: () => undefined,
      readFile: (_path: string, _buffer: Buffer, _offset: number, file: FileContext) => {
        const done = deferred<number>();
        calls.push({ file, done });
        return done.promise;
      },
      getFileInformation: (_path: string, file: FileContext) => {
        expect(file.signal.aborted).toBe(false);
        return {};
      },
      flushFileBuffers: () => {
        throw new DokanError(NtStatus.DISK_FULL);
      },
    });
    const file = openNow(made.dispatcher);
    const read = (by = caller()) => {
      const promise = promised(made.dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, by));
      promise.catch(() => undefined);
      return promise;
    };
    return { ...made, file, calls, read };
  }

  it('is the same object however often it is asked for within a call', async () => {
    const { file, calls, read } = reading();
    const one = read();
    const { signal } = file;
    expect(file.signal).toBe(signal);
    calls[0]!.done.resolve(0);
    await one;
    const two = read();
    expect(file.signal).not.toBe(signal);
    calls[1]!.done.resolve(0);
    await two;
  });

  it('asked for after the first await belongs to the call', async () => {
    const { file, read } = reading();
    const by = caller();
    void read(by);
    await settled();
    const { signal } = file;
    expect(signal.aborted).toBe(false);
    by.running!.interrupt();
    expect(signal.reason).toHaveProperty('code', 'CANCELLED');
  });

  it('asked for late belongs to the call, also when others have come and gone', async () => {
    const { file, calls, read, dispatcher } = reading();
    const by = caller();
    void read(by);
    const other = read();
    calls[1]!.done.resolve(0);
    await other;
    now(dispatcher.getFileInformation(file, '/f', caller()));
    failure(() => dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, caller()));
    const { signal } = file;
    by.running!.interrupt();
    expect(signal.aborted).toBe(true);
  });

  it('asked for when the call was given up on has fired already', async () => {
    const { file, read } = reading();
    const by = caller();
    void read(by);
    by.running!.interrupt();
    await settled();
    expect(file.signal.aborted).toBe(true);
    expect(file.signal.reason).toHaveProperty('code', 'CANCELLED');
  });

  it('asked for when another call was given up on has not', () => {
    const { file, read } = reading();
    const [one, other] = [caller(1), caller(2)];
    void read(one);
    void read(other);
    other.running!.interrupt();
    expect(file.signal.aborted).toBe(false);
    one.running!.interrupt();
    expect(file.signal.aborted).toBe(true);
  });

  it('of a call that answers at once is not that of one still running', () => {
    const signals: AbortSignal[] = [];
    const made = harness({
      createFile: () => undefined,
      readFile: () => deferred<number>().promise,
      getFileInformation: (_path: string, file: FileContext) => {
        signals.push(file.signal);
        return {};
      },
    });
    const file = openNow(made.dispatcher);
    const by = caller();
    const outcome = made.dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, by);
    promised(outcome).catch(() => undefined);
    now(made.dispatcher.getFileInformation(file, '/f', caller()));
    by.running!.interrupt();
    expect(signals[0]!.aborted).toBe(false);
  });
});

describe('two requests of one open at a time', () => {
  it('are answered each with its own, in any order', async () => {
    const waiting: ReturnType<typeof deferred<number>>[] = [];
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => {
        const done = deferred<number>();
        waiting.push(done);
        return done.promise;
      },
    });
    const file = openNow(dispatcher);
    const [one, other] = [caller(1), caller(2)];
    const first = promised(dispatcher.readFile(file, '/f', buffer, 0, NONE, one));
    const second = promised(dispatcher.readFile(file, '/f', buffer, 0, NONE, other));
    expect(dispatcher.outstandingCount).toBe(2);
    waiting[1]!.resolve(2);
    expect(await second).toBe(2);
    expect(other.running).toBeUndefined();
    expect(one.running).toBeDefined();
    waiting[0]!.resolve(1);
    expect(await first).toBe(1);
    expect(one.running).toBeUndefined();
  });
});

it('a caller is told what runs for it only while it runs', async () => {
  const done = deferred();
  const { dispatcher } = harness({ createFile: () => done.promise });
  const by = caller();
  const opening = dispatcher.createFile('/f', OPEN, by);
  expect(by.running).toBeDefined();
  done.resolve(undefined);
  const file = await opening;
  expect(by.running).toBeUndefined();
  expect(now(dispatcher.cleanup(file, '/f', by))).toBeUndefined();
});
