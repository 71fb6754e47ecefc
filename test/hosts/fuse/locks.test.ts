import { describe, expect, it } from 'vitest';
import { END_OF_FILE, endToWire, spanFromWire } from '../../../lib/hosts/fuse/locks.js';
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

describe('the range of a lock', () => {
  it.each([
    [0n, 0n, 0, 0],
    [5n, 9n, 5, 9],
    [5n, 0x7fff_ffff_ffff_ffffn, 5, END_OF_FILE],
    [5n, 2n ** 60n, 5, END_OF_FILE],
    [5n, BigInt(END_OF_FILE) - 1n, 5, END_OF_FILE - 1],
  ])('%d to %d', (start, end, first, last) => {
    expect(spanFromWire(start, end)).toEqual({ start: first, end: last });
  });

  it.each([
    [9n, 5n],
    [2n ** 60n, 2n ** 61n],
    [BigInt(Number.MAX_SAFE_INTEGER), 0x7fff_ffff_ffff_ffffn],
  ])('is refused: %d to %d', (start, end) => {
    expect(() => spanFromWire(start, end)).toThrow(RangeError);
  });

  it('goes back to the kernel', () => {
    expect(endToWire(END_OF_FILE)).toBe(0x7fff_ffff_ffff_ffffn);
    expect(endToWire(9)).toBe(9n);
  });

  it.each([
    [9, 5],
    [-1, 5],
    [0.5, 5],
    [0, Number.MAX_SAFE_INTEGER],
    [NaN, 5],
  ])('is checked in every call: %d to %d', (start, end) => {
    const wanted = request(1, 'read', start, end);
    expect(() => table.test(NODE, wanted)).toThrow(RangeError);
    expect(() => set(wanted)).toThrow(RangeError);
    expect(() => wait(wanted)).toThrow(RangeError);
    expect(table.size).toBe(0);
  });
});

describe('fcntl locks', () => {
  it('are shared for reading', async () => {
    expect(await set(request(1, 'read', 0, 9))).toEqual(granted);
    expect(await set(request(2, 'read', 5, 14))).toEqual(granted);
    expect(held()).toEqual(['1 read 0-9', '2 read 5-14']);
    expect(disk.log).toEqual(['lock 0+10 h1', 'lock 10+5 h2']);
  });

  it('are exclusive for writing', async () => {
    await set(request(1, 'write', 0, 9));
    const conflict = {
      kind: 'posix',
      owner: 1n,
      type: 'write',
      start: 0,
      end: 9,
      pid: 101,
      handle: 'h1',
    };
    expect(await set(request(2, 'read', 9, 9))).toEqual({
      granted: false,
      reason: 'conflict',
      conflict,
    });
    expect(table.test(NODE, request(2, 'read', 9, 9))).toEqual(conflict);
    expect(table.test(NODE, request(2, 'read', 10, 19))).toBeUndefined();
    expect(table.test(NODE, request(1, 'write', 0, 9))).toBeUndefined();
    expect(table.test(NODE, request(2, 'unlock', 0, 9))).toBeUndefined();
    expect(await set(request(2, 'write', 10, 19))).toEqual(granted);
    expect(await set(request(2, 'write', 0, 9), NODE + 1)).toEqual(granted);
  });

  it('tell the first of several in the way', async () => {
    await set(request(1, 'read', 20, 29));
    await set(request(2, 'read', 0, 9));
    expect(table.test(NODE, request(3, 'write'))?.owner).toBe(2n);
  });

  it('are split when a part is unlocked', async () => {
    await set(request(1, 'write', 0, 29));
    await set(request(1, 'unlock', 10, 19));
    expect(held()).toEqual(['1 write 0-9', '1 write 20-29']);
    expect(disk.log.slice(1)).toEqual(['unlock 0+30 h1', 'lock 0+10 h1', 'lock 20+10 h1']);
    await set(request(1, 'unlock', 5, 24));
    expect(held()).toEqual(['1 write 0-4', '1 write 25-29']);
    await set(request(1, 'unlock'));
    expect(disk.ranges).toEqual([]);
    expect(table.size).toBe(0);
  });

  it('are joined where they touch', async () => {
    await set(request(1, 'read', 0, 9));
    await set(request(1, 'read', 20, 29));
    await set(request(1, 'read', 10, 19));
    expect(held()).toEqual(['1 read 0-29']);
    // The file system keeps them as they were locked, and is asked to unlock just those.
    expect(disk.ranges).toHaveLength(3);
    await set(request(1, 'unlock', 15, END_OF_FILE));
    expect(held()).toEqual(['1 read 0-14']);
    expect(disk.ranges.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 10],
      [10, 5],
    ]);
  });

  it('are upgraded and downgraded in part, which the file system never sees', async () => {
    await set(request(1, 'read', 0, 29));
    await set(request(1, 'write', 10, 19));
    expect(held()).toEqual(['1 read 0-9', '1 read 20-29', '1 write 10-19']);
    expect(reason(await set(request(2, 'read', 10, 10)))).toBe('conflict');
    await set(request(1, 'read', 10, 19));
    expect(held()).toEqual(['1 read 0-29']);
    expect(await set(request(2, 'read', 10, 10))).toEqual(granted);
    expect(reason(await set(request(1, 'write', 0, 29)))).toBe('conflict');
    expect(held()).toEqual(['1 read 0-29', '2 read 10-10']);
    expect(disk.log).toEqual(['lock 0+30 h1']);
  });

  it('reach to the end of the file', async () => {
    await set(request(1, 'write', 100));
    expect(reason(await set(request(2, 'write', END_OF_FILE, END_OF_FILE)))).toBe('conflict');
    await set(request(1, 'write', 0));
    expect(held()).toEqual([`1 write 0-${END_OF_FILE}`]);
    await set(request(1, 'unlock', 1, 1));
    expect(held()).toEqual(['1 write 0-0', `1 write 2-${END_OF_FILE}`]);
  });

  it('stay locked at the file system while anyone holds them', async () => {
    await set(request(1, 'read', 0, 9));
    await set(request(2, 'read', 0, 9));
    await set(request(1, 'unlock', 0, 9));
    expect(disk.log).toEqual(['lock 0+10 h1']);
    await set(request(2, 'unlock', 0, 9));
    expect(disk.ranges).toEqual([]);
  });

  it('that are not there are unlocked without a word', async () => {
    expect(await set(request(1, 'unlock', 0, 9))).toEqual(granted);
    expect(await wait(request(1, 'unlock', 0, 9)).result).toEqual(granted);
    expect(disk.log).toEqual([]);
    expect(table.size).toBe(0);
  });
});

describe('flock locks', () => {
  it('are of the whole file, and of another world than those of fcntl', async () => {
    expect(await set(request(1, 'write', 5, 9))).toEqual(granted);
    expect(await set(request(2, 'write', 3, 4, flock))).toEqual(granted);
    expect(disk.log).toEqual(['lock 5+5 h1', 'lock 0+5 h2', `lock 10+${END_OF_FILE - 9} h2`]);
    expect(reason(await set(request(3, 'read', 0, 0, flock)))).toBe('conflict');
    expect(await set(request(2, 'unlock', 0, 0, flock))).toEqual(granted);
    expect(held()).toEqual(['1 write 5-9']);
    expect(disk.ranges).toHaveLength(1);
  });

  it('are converted', async () => {
    await set(request(1, 'read', 0, 0, flock));
    expect(await set(request(1, 'write', 0, 0, flock))).toEqual(granted);
    expect(held()).toEqual([`1 write 0-${END_OF_FILE}`]);
    expect(disk.log).toHaveLength(1);
  });

  it('are lost when they are converted in vain', async () => {
    await set(request(1, 'read', 0, 0, flock));
    await set(request(2, 'read', 0, 0, flock));
    expect(reason(await set(request(1, 'write', 0, 0, flock)))).toBe('conflict');
    expect(held()).toEqual([`2 read 0-${END_OF_FILE}`]);
  });

  it('do not deadlock when two holders want more', async () => {
    await set(request(1, 'read', 0, 0, flock));
    await set(request(2, 'read', 0, 0, flock));
    const first = wait(request(1, 'write', 0, 0, flock));
    expect(await outcome(first)).toBe('waiting');
    // The first has let go of what it had, so nothing is in the way of the second.
    expect(await wait(request(2, 'write', 0, 0, flock)).result).toEqual(granted);
    expect(await outcome(first)).toBe('waiting');
    await table.releaseOwner(NODE, 2n, 'flock', disk.apply(NODE));
    expect(await first.result).toEqual(granted);
  });
});

describe('owners of different kinds', () => {
  it('are not the same, even with the same number', async () => {
    await set(request(1, 'write', 0, 0, flock), 1);
    await set(request(2, 'write', 0, 0), 2);
    const first = wait(request(1, 'write', 0, 0), 2);
    expect(await outcome(first)).toBe('waiting');
    expect(await outcome(wait(request(2, 'write', 0, 0, flock), 1))).toBe('waiting');
  });
});
