import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { END_OF_FILE, type ApplyChange } from '../../../lib/hosts/fuse/locks.js';
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
  type Handle,
} from './lock_scene.js';

describe('releasing', () => {
  it('an owner takes the locks of that kind on that file', async () => {
    await set(request(1, 'write', 0, 9));
    await set(request(1, 'read', 20, 29));
    await set(request(1, 'write', 0, 0, flock));
    await set(request(2, 'read', 25, 29));
    await set(request(1, 'write', 0, 9), NODE + 1);
    await table.releaseOwner(NODE, 1n, 'posix', disk.apply(NODE));
    expect(held()).toEqual([`1 write 0-${END_OF_FILE}`, '2 read 25-29']);
    await table.releaseOwner(NODE, 1n, 'flock', disk.apply(NODE));
    expect(held()).toEqual(['2 read 25-29']);
    expect(disk.ranges.filter(({ node }) => node === NODE)).toHaveLength(1);
    expect(held(NODE + 1)).toEqual(['1 write 0-9']);
  });

  it('is done at once where nothing is held', async () => {
    expect(table.releaseOwner(NODE, 1n, 'posix', disk.apply(NODE))).toBeUndefined();
    await set(request(2, 'write'));
    expect(table.releaseOwner(NODE, 1n, 'posix', disk.apply(NODE))).toBeUndefined();
    expect(table.releaseHandle(NODE, 'h1', disk.apply(NODE))).toBeUndefined();
    expect(table.releaseOwner(NODE, 2n, 'posix', disk.apply(NODE))).toBeInstanceOf(Promise);
  });

  it('takes what is only being locked, too', async () => {
    const locking = set(request(1, 'write', 0, 9));
    await table.releaseOwner(NODE, 1n, 'posix', disk.apply(NODE));
    expect(await locking).toEqual(granted);
    expect(disk.ranges).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('an open hands over what others hold as well', async () => {
    await set(request(1, 'read', 0, 29));
    await set(request(2, 'read', 10, 19));
    await table.releaseOwner(NODE, 1n, 'posix', disk.apply(NODE));
    expect(disk.ranges.map(({ handle }) => handle)).toEqual(['h1']);
    await table.releaseHandle(NODE, 'h1', disk.apply(NODE));
    expect(disk.ranges).toEqual([{ node: NODE, offset: 10, length: 10, handle: 'h2' }]);
    await set(request(2, 'unlock'));
    expect(table.size).toBe(0);
  });

  it('an open takes the locks of its description', async () => {
    await set(request(1, 'write', 0, 9));
    const waiting = wait(request(2, 'write', 0, 9));
    const own = wait(request(3, 'write', 0, 9, { handle: 'h1' }));
    expect(await outcome(own)).toBe('waiting');
    await table.releaseHandle(NODE, 'h1', disk.apply(NODE));
    expect(await waiting.result).toEqual(granted);
    expect(reason(await own.result)).toBe('interrupted');
    expect(disk.ranges.map(({ handle }) => handle)).toEqual(['h2']);
  });

  it('a node takes everything', async () => {
    await set(request(1, 'write', 0, 9));
    await set(request(2, 'write', 0, 0, flock));
    const early = wait(request(3, 'write', 0, 9));
    expect(await outcome(early)).toBe('waiting');
    const late = wait(request(4, 'write', 0, 9));
    await table.releaseNode(NODE, disk.apply(NODE));
    expect(reason(await early.result)).toBe('interrupted');
    expect(reason(await late.result)).toBe('interrupted');
    expect(disk.ranges).toEqual([]);
    await nextTurn();
    expect(table.size).toBe(0);
  });
});

describe('a file system that refuses', () => {
  const refusing = (from: number): ApplyChange<Handle> =>
    disk.apply(NODE, (offset) => offset >= from);

  it('leaves everything as it was', async () => {
    await set(request(1, 'read', 0, 9));
    await set(request(2, 'read', 20, 29));
    const result = await table.set(NODE, request(2, 'read', 0, 39), refusing(30));
    expect(result).toEqual({ granted: false, reason: 'refused', error: new Error('refused') });
    expect(held()).toEqual(['1 read 0-9', '2 read 20-29']);
    expect(disk.log.slice(2)).toEqual(['lock 10+10 h2', 'lock 30+10 h2', 'unlock 10+10 h2']);
  });

  it('leaves the lock to the next who waits', async () => {
    await set(request(1, 'write', 0, 9));
    const first = table.wait(NODE, request(2, 'write', 0, 9), refusing(0));
    const second = wait(request(3, 'write', 0, 9));
    await set(request(1, 'unlock'));
    expect(reason(await first.result)).toBe('refused');
    expect(await second.result).toEqual(granted);
  });

  it('may fail late', async () => {
    const late = table.set(NODE, request(1, 'write', 0, 9), () =>
      Promise.reject(new Error('late')),
    );
    const next = set(request(2, 'write', 0, 9));
    expect(reason(await late)).toBe('refused');
    expect(await next).toEqual(granted);
  });

  it('cannot prevent unlocking, and is not asked to unlock what it lost', async () => {
    await set(request(1, 'write', 0, 29));
    const result = await table.set(NODE, request(1, 'unlock', 10, 19), refusing(20));
    expect(reason(result)).toBe('refused');
    expect(held()).toEqual(['1 write 0-9', '1 write 20-29']);
    expect(disk.ranges.map(({ offset }) => offset)).toEqual([0]);
    expect(await set(request(1, 'unlock'))).toEqual(granted);
    expect(disk.ranges).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('may fail to unlock', async () => {
    await set(request(1, 'write', 0, 9));
    const result = await table.set(NODE, request(1, 'unlock'), () => {
      throw new Error('broken');
    });
    expect(result).toEqual({ granted: false, reason: 'refused', error: new Error('broken') });
    expect(held()).toEqual([]);
    expect(table.size).toBe(0);
  });
});

/** Bytes 0 to 7; the last stands for all that follow, to the end of the file. */
