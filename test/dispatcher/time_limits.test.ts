import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DokanError } from '../../lib/errors.js';
import type { CreateFileRequest, FileContext } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags } from '../../lib/target.js';
import {
  caller,
  deferred,
  failureLater,
  harness,
  Journal,
  now,
  OPEN,
  openNow,
  promised,
  settled,
} from './harness.js';
import { buffer, slow, watch } from './slow.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('operationTimeout', () => {
  it('fails the request with IO_TIMEOUT and fires the signal with that reason', async () => {
    const { read, calls, dispatcher, errors } = slow({ operationTimeout: 1_000 });
    const reading = watch(read());
    await vi.advanceTimersByTimeAsync(999);
    expect(reading.done).toBe(false);
    expect(calls[0]!.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(reading.error).toBeInstanceOf(DokanError);
    expect(reading.error).toHaveProperty('status', NtStatus.IO_TIMEOUT);
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(calls[0]!.signal.reason).toBe(reading.error);
    expect(dispatcher.outstandingCount).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(dispatcher.statistics().readFile).toEqual({ calls: 1, failures: 1, timeouts: 1 });
    expect(errors).toEqual([]);
  });

  it('is over when the answer comes: no timer stays behind', async () => {
    const { read, calls } = slow({ operationTimeout: 1_000 });
    const reading = read();
    calls[0]!.done.resolve(3);
    expect(await reading).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
    expect(calls[0]!.signal.aborted).toBe(false);
  });

  it.each([
    ['a right one', (done: ReturnType<typeof deferred<number>>) => done.resolve(8), 0],
    ['a wrong one', (done: ReturnType<typeof deferred<number>>) => done.resolve(NaN), 0],
    [
      'an ordinary failure',
      (done: ReturnType<typeof deferred<number>>) =>
        done.reject(Object.assign(new Error('no'), { code: 'EIO' })),
      0,
    ],
    [
      'a programming error, which is told',
      (done: ReturnType<typeof deferred<number>>) => done.reject(new TypeError('oops')),
      1,
    ],
  ])('ignores a late answer: %s', async (_what, answer, reports) => {
    const { read, calls, dispatcher, errors } = slow({ operationTimeout: 10 });
    const reading = watch(read());
    await vi.advanceTimersByTimeAsync(20);
    const before = { ...reading };
    answer(calls[0]!.done);
    await settled();
    expect(reading).toEqual(before);
    expect(dispatcher.statistics().readFile).toEqual({ calls: 1, failures: 1, timeouts: 1 });
    expect(errors).toHaveLength(reports);
  });

  it("is each request's own", async () => {
    const { read, calls } = slow({ operationTimeout: 1_000 });
    const first = watch(read());
    await vi.advanceTimersByTimeAsync(600);
    const second = watch(read());
    await vi.advanceTimersByTimeAsync(500);
    expect([first.done, second.done]).toEqual([true, false]);
    calls[1]!.done.resolve(1);
    await settled();
    expect(second.value).toBe(1);
  });

  it('Infinity means never', async () => {
    const { read, calls } = slow({ operationTimeout: Infinity });
    const reading = watch(read());
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1e9);
    expect(reading.done).toBe(false);
    calls[0]!.done.resolve(2);
    await settled();
    expect(reading.value).toBe(2);
  });

  it('may be longer than a timer can count', async () => {
    const { read } = slow({ operationTimeout: 2 ** 31 + 1_000 });
    const reading = watch(read());
    await vi.advanceTimersByTimeAsync(2 ** 31);
    expect(reading.done).toBe(false);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(reading.error).toHaveProperty('code', 'IO_TIMEOUT');
  });
});

describe('resetTimeout', () => {
  function resetting(when: 'before' | 'after', milliseconds: number) {
    const { promise, resolve } = deferred<number>();
    const made = harness(
      {
        createFile: () => undefined,
        readFile: (_path: string, _buffer: Buffer, _offset: number, file: FileContext) => {
          if (when === 'before') file.resetTimeout(milliseconds);
          return promise;
        },
        getFileInformation: () => ({}),
      },
      { operationTimeout: 1_000 },
    );
    const file = openNow(made.dispatcher);
    const reading = watch(
      promised(made.dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller())),
    );
    return { ...made, file, reading, resolve };
  }

  it('gives more time before the promise is there', async () => {
    const { reading } = resetting('before', 5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(reading.done).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(reading.error).toHaveProperty('code', 'IO_TIMEOUT');
  });

  it('gives more time after that, from then on', async () => {
    const { reading, file } = resetting('after', 0);
    await vi.advanceTimersByTimeAsync(900);
    file.resetTimeout(5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(reading.done).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(reading.error).toHaveProperty('code', 'IO_TIMEOUT');
  });

  it('reaches the running request when another callback has run meanwhile', async () => {
    const { reading, file, dispatcher } = resetting('after', 0);
    now(dispatcher.getFileInformation(file, '/f', caller()));
    file.resetTimeout(5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(reading.done).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(reading.done).toBe(true);
  });

  it.each(['before', 'after'] as const)('gives all the time there is: %s', async (when) => {
    const { reading, file, resolve } = resetting(when, Infinity);
    if (when === 'after') file.resetTimeout(Infinity);
    await vi.advanceTimersByTimeAsync(1e7);
    expect(reading.done).toBe(false);
    resolve(1);
    await settled();
    expect(reading.value).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is for the call that asks, not for the next one', async () => {
    const { dispatcher } = harness(
      {
        createFile: () => undefined,
        getFileInformation: (_path: string, file: FileContext) => {
          file.resetTimeout(5_000);
          return {};
        },
        readFile: () => deferred<number>().promise,
      },
      { operationTimeout: 1_000 },
    );
    const file = openNow(dispatcher);
    now(dispatcher.getFileInformation(file, '/f', caller()));
    const read = dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    const reading = watch(promised(read));
    await vi.advanceTimersByTimeAsync(1_001);
    expect(reading.error).toHaveProperty('code', 'IO_TIMEOUT');
  });

  it('may take time away', async () => {
    const { reading, file } = resetting('after', 0);
    file.resetTimeout(10);
    await vi.advanceTimersByTimeAsync(11);
    expect(reading.done).toBe(true);
  });

  it('does nothing where nothing runs, and for requests answered already', async () => {
    const { reading, file, dispatcher } = resetting('after', 0);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(reading.done).toBe(true);
    file.resetTimeout(50);
    expect(vi.getTimerCount()).toBe(0);
    openNow(dispatcher).resetTimeout(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([NaN, -1, '5', undefined, 5n])('refuses %s, and the clock goes on', async (wrong) => {
    const { reading, file } = resetting('after', 0);
    expect(() => file.resetTimeout(wrong as number)).toThrow('milliseconds');
    await vi.advanceTimersByTimeAsync(1_001);
    expect(reading.error).toHaveProperty('code', 'IO_TIMEOUT');
  });
});

describe('an open with a callback that was given up on', () => {
  it('is closed only when that has come back; the kernel does not wait', async () => {
    const { read, calls, dispatcher, file, journal } = slow({ operationTimeout: 10 });
    const readings = [read(), read()].map(watch);
    await vi.advanceTimersByTimeAsync(11);
    expect(readings.map(({ done }) => done)).toEqual([true, true]);
    await dispatcher.cleanup(file, '/f', caller());
    expect(dispatcher.closeFile(file, '/last', caller())).toBeUndefined();
    expect(dispatcher.closeFile(file, '/again', caller())).toBeUndefined();
    await settled();
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f']);
    expect(dispatcher.openCount).toBe(1);
    calls[0]!.done.resolve(1);
    await settled();
    expect(journal.lines).not.toContain('closeFile /last');
    calls[1]!.done.reject(new DokanError(NtStatus.CANCELLED));
    await settled();
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f', 'closeFile /last']);
    expect(dispatcher.openCount).toBe(0);
    now(dispatcher.closeFile(file, '/f', caller()));
    expect(journal.lines).toHaveLength(3);
  });
});

describe('createFile that comes back late', () => {
  function creating() {
    const journal = new Journal();
    const created = deferred();
    const made = harness(
      {
        ...journal.operations,
        createFile: (path: string, _how: CreateFileRequest, file: FileContext) => {
          file.context = 'mine';
          journal.operations.createFile(path);
          return created.promise;
        },
        closeFile: (path: string, file: FileContext) =>
          void journal.lines.push(`closeFile ${path} ${String(file.context)}`),
      },
      { operationTimeout: 10 },
    );
    const opening = watch(promised(made.dispatcher.createFile('/a', OPEN, caller())));
    return { ...made, journal, created, opening };
  }

  it('has its open cleaned up and closed', async () => {
    const { journal, created, opening, dispatcher } = creating();
    await vi.advanceTimersByTimeAsync(11);
    expect(opening.error).toHaveProperty('code', 'IO_TIMEOUT');
    created.resolve('opened');
    await settled();
    expect(journal.lines).toEqual(['createFile /a', 'cleanup /a', 'closeFile /a mine']);
    expect(dispatcher.openCount).toBe(0);
  });

  it('counts as open until it is closed', async () => {
    const closing = deferred();
    const created = deferred();
    const { dispatcher } = harness(
      { createFile: () => created.promise, closeFile: () => closing.promise },
      { operationTimeout: 10 },
    );
    const opening = failureLater(dispatcher.createFile('/a', OPEN, caller()));
    await vi.advanceTimersByTimeAsync(11);
    expect(await opening).toBe('IO_TIMEOUT');
    created.resolve(undefined);
    await settled();
    expect(dispatcher.openCount).toBe(1);
    closing.resolve(undefined);
    await settled();
    expect(dispatcher.openCount).toBe(0);
  });

  it.each([
    ['fails', 0, (error: unknown) => error],
    ['makes a mistake', 1, () => new TypeError('oops')],
  ])('has no open when it %s', async (_what, reports, errorOf) => {
    const { journal, created, dispatcher, errors } = creating();
    await vi.advanceTimersByTimeAsync(11);
    created.reject(errorOf(new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND)));
    await settled();
    expect(journal.lines).toEqual(['createFile /a']);
    expect(dispatcher.openCount).toBe(0);
    expect(errors).toHaveLength(reports);
  });

  it('has no open when its answer is wrong, and is told', async () => {
    const { journal, created, errors } = creating();
    await vi.advanceTimersByTimeAsync(11);
    created.resolve('maybe');
    await settled();
    expect(journal.lines).toEqual(['createFile /a']);
    expect(errors).toMatchObject([{ callback: 'createFile' }]);
  });
});
