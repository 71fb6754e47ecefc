import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CreateDisposition } from '../../lib/constants.js';
import {
  caller,
  deferred,
  failureLater,
  harness,
  Journal,
  OPEN,
  promised,
  settled,
} from './harness.js';
import { slow, watch } from './slow.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('an interrupt', () => {
  it('answers a request that changes nothing at once, with CANCELLED', async () => {
    const { read, calls, dispatcher } = slow();
    const by = caller();
    const reading = watch(read(by));
    by.running!.interrupt();
    await settled();
    expect(reading.error).toHaveProperty('code', 'CANCELLED');
    expect(calls[0]!.signal.reason).toBe(reading.error);
    expect(by.running).toBeUndefined();
    expect(dispatcher.statistics().readFile).toEqual({ calls: 1, failures: 1, timeouts: 0 });
  });

  it('only fires the signal of one that may have changed something', async () => {
    const { write, calls } = slow();
    const by = caller();
    const writing = watch(write(by));
    const running = by.running!;
    running.interrupt();
    await settled();
    expect(writing.done).toBe(false);
    expect(calls[0]!.signal.reason).toHaveProperty('code', 'CANCELLED');
    running.interrupt();
    calls[0]!.done.resolve(5);
    await settled();
    expect(writing.value).toBe(5);
    expect(by.running).toBeUndefined();
  });

  it('that comes after the answer does nothing', async () => {
    const { read, write, calls } = slow();
    for (const start of [read, write]) {
      const by = caller();
      const working = start(by);
      const running = by.running!;
      const { done, signal } = calls.pop()!;
      done.resolve(5);
      expect(await working).toBe(5);
      running.interrupt();
      expect(signal.aborted).toBe(false);
    }
  });

  it('still leaves a changing request its time limit', async () => {
    const { write, calls } = slow({ operationTimeout: 100 });
    const by = caller();
    const writing = watch(write(by));
    by.running!.interrupt();
    await vi.advanceTimersByTimeAsync(101);
    expect(writing.error).toHaveProperty('code', 'IO_TIMEOUT');
    expect(calls[0]!.signal.reason).toHaveProperty('code', 'CANCELLED');
  });

  it('leaves a change a last chance', async () => {
    const { write, calls, dispatcher } = slow();
    const by = caller();
    const writing = watch(write(by));
    by.running!.interrupt();
    await vi.advanceTimersByTimeAsync(999);
    expect(writing.done).toBe(false);
    // Asked twice is no second chance, and does not cut the first one.
    by.running!.interrupt();
    await vi.advanceTimersByTimeAsync(2);
    expect(writing.error).toHaveProperty('code', 'CANCELLED');
    expect(dispatcher.statistics().writeFile).toEqual({ calls: 1, failures: 1, timeouts: 0 });
    calls[0]!.done.resolve(5);
    await settled();
    expect(dispatcher.outstandingCount).toBe(0);
  });

  it('gives a change the time it asks for when its signal fires', async () => {
    const { write, calls, file } = slow();
    const by = caller();
    const writing = watch(write(by));
    calls[0]!.signal.addEventListener('abort', () => file.resetTimeout(5_000));
    by.running!.interrupt();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(writing.done).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(writing.error).toHaveProperty('code', 'CANCELLED');
  });

  it.each([
    ['that opens what is there, at once', CreateDisposition.OPEN, 0],
    ['that makes or truncates a file, soon', CreateDisposition.OVERWRITE_IF, 1_001],
  ])('answers a createFile %s, and a late open is closed', async (_what, disposition, wait) => {
    const journal = new Journal();
    const created = deferred();
    const { dispatcher } = harness({
      ...journal.operations,
      createFile: (path: string) => {
        journal.operations.createFile(path);
        return created.promise;
      },
    });
    const by = caller();
    const request = { ...OPEN, createDisposition: disposition };
    const opening = watch(promised(dispatcher.createFile('/a', request, by)));
    by.running!.interrupt();
    await settled();
    expect(opening.done).toBe(wait === 0);
    await vi.advanceTimersByTimeAsync(wait);
    expect(opening.error).toHaveProperty('code', 'CANCELLED');
    created.resolve('opened');
    await settled();
    expect(journal.lines).toEqual(['createFile /a', 'cleanup /a', 'closeFile /a']);
    expect(dispatcher.openCount).toBe(0);
  });

  it("touches nobody else's request", async () => {
    const { read, calls } = slow();
    const [one, other] = [caller(1), caller(2)];
    const readings = [read(one), read(other)].map(watch);
    one.running!.interrupt();
    await settled();
    expect(readings.map(({ done }) => done)).toEqual([true, false]);
    expect(calls[1]!.signal.aborted).toBe(false);
    expect(other.running).toBeDefined();
    calls[1]!.done.resolve(1);
    await settled();
  });

  it('finds the request answered when a listener of the signal asks', async () => {
    const { read, calls, dispatcher } = slow();
    const by = caller();
    const reading = watch(read(by));
    let outstanding = -1;
    calls[0]!.signal.addEventListener('abort', () => (outstanding = dispatcher.outstandingCount));
    by.running!.interrupt();
    expect(outstanding).toBe(0);
    await settled();
    expect(reading.done).toBe(true);
  });
});

it('a failing request tells its status, also when the callback was interrupted and gave up', async () => {
  const { write, calls } = slow();
  const by = caller();
  const writing = write(by);
  by.running!.interrupt();
  calls[0]!.done.reject(calls[0]!.signal.reason);
  expect(await failureLater(writing)).toBe('CANCELLED');
});
