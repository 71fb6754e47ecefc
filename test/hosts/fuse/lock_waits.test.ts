import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  NODE,
  request,
  flock,
  granted,
  table,
  disk,
  set,
  wait,
  reason,
  held,
  outcome,
} from './lock_scene.js';

describe('waiting', () => {
  it('is not needed when nothing is in the way', async () => {
    expect(await wait(request(1, 'write', 0, 9)).result).toEqual(granted);
  });

  it('ends when the lock is free, first come first served', async () => {
    await set(request(1, 'write', 0, 9));
    const waits = [2, 3, 4].map((owner) => wait(request(owner, 'write', 0, 9)));
    const order: number[] = [];
    waits.forEach(({ result }, index) => void result.then(() => order.push(index)));
    for (const owner of [1, 2, 3]) {
      await set(request(owner, 'unlock', 0, 9));
      await nextTurn();
      expect(order).toHaveLength(owner);
    }
    expect(order).toEqual([0, 1, 2]);
    expect(held()).toEqual(['4 write 0-9']);
  });

  it('ends for all readers at once', async () => {
    await set(request(1, 'write', 0, 9));
    const readers = [2, 3].map((owner) => wait(request(owner, 'read', 0, 9)));
    await set(request(1, 'read', 0, 9));
    expect(await Promise.all(readers.map(({ result }) => result))).toEqual([granted, granted]);
  });

  it('ends when a part is enough', async () => {
    await set(request(1, 'write', 0, 9));
    const whole = wait(request(2, 'write', 0, 9));
    const part = wait(request(3, 'write', 8, 9));
    await set(request(1, 'unlock', 8, 9));
    expect(await part.result).toEqual(granted);
    expect(await outcome(whole)).toBe('waiting');
  });

  it('goes before whoever asks after the release', async () => {
    await set(request(1, 'write', 0, 9));
    const waiting = wait(request(2, 'write', 0, 9));
    const [, late] = await Promise.all([
      set(request(1, 'unlock', 0, 9)),
      set(request(3, 'write', 0, 9)),
    ]);
    expect(reason(late)).toBe('conflict');
    expect(await waiting.result).toEqual(granted);
  });

  it('is never for somebody who waits', async () => {
    await set(request(1, 'read', 0, 9));
    const writer = wait(request(2, 'write', 0, 9));
    expect(await wait(request(3, 'read', 0, 9)).result).toEqual(granted);
    expect(await outcome(writer)).toBe('waiting');
    await set(request(1, 'unlock'));
    await set(request(3, 'unlock'));
    expect(await writer.result).toEqual(granted);
  });

  it('can be interrupted, and leaves nothing behind', async () => {
    await set(request(1, 'write', 0, 9));
    const first = wait(request(2, 'write', 0, 9));
    const second = wait(request(3, 'write', 0, 9));
    expect(await outcome(second)).toBe('waiting');
    expect(table.waiting).toBe(2);
    first.interrupt();
    expect(table.waiting).toBe(1);
    expect(reason(await first.result)).toBe('interrupted');
    first.interrupt();
    await set(request(1, 'unlock'));
    expect(await second.result).toEqual(granted);
    second.interrupt();
    expect(held()).toEqual(['3 write 0-9']);
    await set(request(3, 'unlock'));
    expect(table.size).toBe(0);
    expect(table.waiting).toBe(0);
  });

  it('can be interrupted before it has begun', async () => {
    await set(request(1, 'write', 0, 9));
    const waiting = wait(request(2, 'write', 0, 9));
    waiting.interrupt();
    expect(reason(await waiting.result)).toBe('interrupted');
    await set(request(1, 'unlock'));
    await nextTurn();
    expect(held()).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('can be interrupted while the file system is busy with another', async () => {
    let answer = (): void => {};
    const other = table.set(NODE, request(1, 'write', 0, 9), async () => {
      await new Promise<void>((resolve) => (answer = resolve));
    });
    await nextTurn();
    const waits = [wait(request(2, 'write', 0, 9)), wait(request(1, 'unlock', 0, 9))];
    for (const waiting of waits) {
      waiting.interrupt();
      expect(await outcome(waiting)).toBe('interrupted');
    }
    answer();
    expect(await other).toEqual(granted);
    await nextTurn();
    expect(held()).toEqual(['1 write 0-9']);
    expect(table.waiting).toBe(0);
  });

  it('cannot be interrupted while the file system is asked', async () => {
    let answer = (): void => {};
    const waiting = table.wait(NODE, request(1, 'write', 0, 9), async () => {
      await new Promise<void>((resolve) => (answer = resolve));
    });
    await nextTurn();
    waiting.interrupt();
    expect(await outcome(waiting)).toBe('waiting');
    answer();
    expect(await waiting.result).toEqual(granted);
    expect(held()).toEqual(['1 write 0-9']);
  });
});

describe('deadlocks', () => {
  it('of two are noticed', async () => {
    await set(request(1, 'write', 0, 0));
    await set(request(2, 'write', 1, 1));
    const first = wait(request(1, 'write', 1, 1));
    expect(reason(await wait(request(2, 'write', 0, 0)).result)).toBe('deadlock');
    expect(held()).toEqual(['1 write 0-0', '2 write 1-1']);
    await table.releaseOwner(NODE, 2n, 'posix', disk.apply(NODE));
    expect(await first.result).toEqual(granted);
  });

  it('of three over several files are noticed', async () => {
    for (const owner of [1, 2, 3]) await set(request(owner, 'write'), owner);
    const waits = [wait(request(1, 'write'), 2), wait(request(2, 'write'), 3)];
    for (const waiting of waits) expect(await outcome(waiting)).toBe('waiting');
    expect(reason(await wait(request(3, 'write'), 1).result)).toBe('deadlock');
    for (const waiting of waits) expect(await outcome(waiting)).toBe('waiting');
  });

  it('of two readers who both want to write are noticed', async () => {
    await set(request(1, 'read', 0, 9));
    await set(request(2, 'read', 0, 9));
    const first = wait(request(1, 'write', 0, 9));
    expect(reason(await wait(request(2, 'write', 0, 9)).result)).toBe('deadlock');
    await set(request(2, 'unlock'));
    expect(await first.result).toEqual(granted);
  });

  it('are noticed whoever of several is in the way', async () => {
    await set(request(1, 'read', 0, 9));
    await set(request(2, 'read', 0, 9));
    await set(request(3, 'write', 20, 20));
    void wait(request(2, 'write', 20, 20));
    expect(reason(await wait(request(3, 'write', 0, 9)).result)).toBe('deadlock');
  });

  it('are no more when the one who waited was interrupted', async () => {
    await set(request(1, 'write', 0, 0));
    await set(request(2, 'write', 1, 1));
    const first = wait(request(1, 'write', 1, 1));
    expect(await outcome(first)).toBe('waiting');
    first.interrupt();
    const second = wait(request(2, 'write', 0, 0));
    expect(await outcome(second)).toBe('waiting');
    await set(request(1, 'unlock'));
    expect(await second.result).toEqual(granted);
  });

  it('are not sought where nobody has to wait, nor for flock', async () => {
    await set(request(1, 'write', 0, 0));
    await set(request(2, 'write', 1, 1));
    const first = wait(request(1, 'write', 1, 1));
    expect(reason(await set(request(2, 'write', 0, 0)))).toBe('conflict');
    expect(await outcome(first)).toBe('waiting');
    await set(request(5, 'write', 0, 0, flock), 1);
    await set(request(6, 'write', 0, 0, flock), 2);
    const waits = [
      wait(request(5, 'write', 0, 0, flock), 2),
      wait(request(6, 'write', 0, 0, flock), 1),
    ];
    for (const waiting of waits) expect(await outcome(waiting)).toBe('waiting');
  });
});
