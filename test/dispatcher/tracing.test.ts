import { channel, subscribe as subscribeTo, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RequestEvent } from '../../lib/dispatcher.js';
import { DokanError } from '../../lib/errors.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags } from '../../lib/target.js';
import {
  caller,
  deferred,
  failure,
  failureLater,
  harness,
  now,
  openNow,
  promised,
} from './harness.js';

const CHANNEL = 'node-dokan:request';
const requests = channel(CHANNEL);
const buffer = Buffer.alloc(8);
let stop: (() => void) | undefined;

function subscribe(): RequestEvent[] {
  const events: RequestEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as RequestEvent);
  subscribeTo(CHANNEL, listen);
  stop = () => unsubscribe(CHANNEL, listen);
  return events;
}

afterEach(() => {
  stop?.();
  stop = undefined;
  vi.restoreAllMocks();
});

describe('the channel node-dokan:request', () => {
  it('has an event for each callback that answers at once', () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => 8,
      writeFile: () => {
        throw new DokanError(NtStatus.DISK_FULL);
      },
      flushFileBuffers: () => {
        throw new TypeError('oops');
      },
    });
    const events = subscribe();
    const file = openNow(dispatcher, '/a');
    now(dispatcher.readFile(file, '/b', buffer, 0, IoFlags.NONE, caller(11)));
    failure(() => dispatcher.writeFile(file, '/c', buffer, 0, IoFlags.NONE, caller(12)));
    failure(() => dispatcher.flushFileBuffers(file, '/d', IoFlags.NONE, caller(13)));
    // Neither absent callbacks nor what is answered without one.
    failure(() => dispatcher.setEndOfFile(file, '/e', 0, caller()));
    now(dispatcher.cleanup(file, '/e', caller()));
    expect(events).toEqual([
      event('createFile', '/a', NtStatus.SUCCESS, 7),
      event('readFile', '/b', NtStatus.SUCCESS, 11),
      event('writeFile', '/c', NtStatus.DISK_FULL, 12),
      event('flushFileBuffers', '/d', NtStatus.INTERNAL_ERROR, 13),
    ]);
  });

  it('has an event for each callback that promised, with its own request', async () => {
    const reading = deferred<number>();
    const writing = deferred<number>();
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => reading.promise,
      writeFile: () => writing.promise,
    });
    const file = openNow(dispatcher);
    const events = subscribe();
    const read = promised(dispatcher.readFile(file, '/a', buffer, 0, IoFlags.NONE, caller(1)));
    const write = failureLater(
      dispatcher.writeFile(file, '/b', buffer, 0, IoFlags.NONE, caller(2)),
    );
    expect(events).toEqual([]);
    reading.resolve(1);
    await read;
    writing.reject(new DokanError(NtStatus.DISK_FULL));
    await write;
    expect(events).toEqual([
      event('readFile', '/a', NtStatus.SUCCESS, 1),
      event('writeFile', '/b', NtStatus.DISK_FULL, 2),
    ]);
  });

  it('has one event for a callback that was given up on, however it ends', async () => {
    const reading = deferred<number>();
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => reading.promise,
    });
    const file = openNow(dispatcher);
    const events = subscribe();
    const by = caller(3);
    const read = dispatcher.readFile(file, '/a', buffer, 0, IoFlags.NONE, by);
    by.running!.interrupt();
    expect(await failureLater(read)).toBe('CANCELLED');
    reading.resolve(8);
    await reading.promise;
    expect(events).toEqual([event('readFile', '/a', NtStatus.CANCELLED, 3)]);
  });

  it('has one event for a listing, not one for each entry', async () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      async *findFiles() {
        await Promise.resolve();
        yield { name: 'a' };
        yield { name: 'b' };
      },
    });
    const file = openNow(dispatcher);
    const events = subscribe();
    const listing = now(dispatcher.findFiles(file, '/', undefined, caller()));
    for (let entry = await listing.next(); entry !== undefined; entry = await listing.next());
    expect(events).toEqual([event('findFiles', '/', NtStatus.SUCCESS, 7)]);
  });

  it('measures time', async () => {
    vi.useFakeTimers();
    try {
      const { dispatcher } = harness({
        createFile: () => undefined,
        flushFileBuffers: () => new Promise((resolve) => setTimeout(resolve, 250)),
      });
      const file = openNow(dispatcher);
      const events = subscribe();
      // A clock that has not started counts as well as one that has.
      await vi.advanceTimersByTimeAsync(1_000);
      const flush = dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, caller());
      await vi.advanceTimersByTimeAsync(250);
      await flush;
      expect(events[0]!.milliseconds).toBe(250);
    } finally {
      vi.useRealTimers();
    }
  });

  it('costs no look at the clock when nobody listens', () => {
    const { dispatcher } = harness({ createFile: () => undefined, readFile: () => 8 });
    const file = openNow(dispatcher);
    const clock = vi.spyOn(performance, 'now');
    const publish = vi.spyOn(requests, 'publish');
    now(dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller()));
    expect(clock).not.toHaveBeenCalled();
    expect(publish).not.toHaveBeenCalled();
  });

  function event(callback: string, path: string, status: number, processId: number) {
    const milliseconds: unknown = expect.toSatisfy((time) => time >= 0 && time < 60_000);
    return { callback, path, status, processId, milliseconds };
  }
});

describe('statistics', () => {
  it('count calls and failures of the callbacks that were called', async () => {
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => 8,
      writeFile: () => Promise.reject(new TypeError('oops')),
      getFileInformation: () => {
        throw new DokanError(NtStatus.ACCESS_DENIED);
      },
      moveFile: () => undefined,
    });
    expect(dispatcher.statistics()).toEqual({});
    const file = openNow(dispatcher);
    for (let time = 0; time < 3; time += 1) {
      now(dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller()));
    }
    failure(() => dispatcher.getFileInformation(file, '/f', caller()));
    await failureLater(dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller()));
    failure(() => dispatcher.setEndOfFile(file, '/f', 0, caller()));
    expect(dispatcher.statistics()).toEqual({
      createFile: { calls: 1, failures: 0, timeouts: 0 },
      readFile: { calls: 3, failures: 0, timeouts: 0 },
      writeFile: { calls: 1, failures: 1, timeouts: 0 },
      getFileInformation: { calls: 1, failures: 1, timeouts: 0 },
    });
  });

  it('know what is open and what is outstanding', async () => {
    const reading = deferred<number>();
    const { dispatcher } = harness({
      createFile: () => undefined,
      readFile: () => reading.promise,
    });
    const file = openNow(dispatcher);
    openNow(dispatcher);
    expect([dispatcher.openCount, dispatcher.outstandingCount]).toEqual([2, 0]);
    const read = dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, caller());
    expect([dispatcher.openCount, dispatcher.outstandingCount]).toEqual([2, 1]);
    reading.resolve(1);
    await read;
    now(dispatcher.closeFile(file, '/f', caller()));
    expect([dispatcher.openCount, dispatcher.outstandingCount]).toEqual([1, 0]);
  });
});
