import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  END_OF_FILE,
  LockTable,
  endToWire,
  spanFromWire,
  type ApplyChange,
  type HeldLock,
  type LockRequest,
  type LockResult,
  type LockWait,
} from '../../../lib/hosts/fuse/locks.js';

type Handle = string;
type Request = LockRequest<Handle>;
type Result = LockResult<Handle>;

const NODE = 7;

/** A file system with NT's locks: exclusive ranges, unlocked by exactly the same range and open. */
class Disk {
  readonly ranges: { node: number; offset: number; length: number; handle: Handle }[] = [];
  readonly log: string[] = [];
  readonly mistakes: string[] = [];

  /** @param refuse - true for a lock that someone on another machine holds */
  apply(
    node: number,
    refuse: (offset: number, length: number) => boolean = () => false,
  ): ApplyChange<Handle> {
    return ({ action, offset, length, handle }) => {
      this.log.push(`${action} ${offset}+${length} ${handle}`);
      if (action === 'lock') {
        const taken = this.ranges.some(
          (range) =>
            range.node === node &&
            range.offset < offset + length &&
            offset < range.offset + range.length,
        );
        if (taken) this.mistakes.push(`locked twice: ${offset}+${length} of ${node}`);
        if (offset + length > Number.MAX_SAFE_INTEGER) this.mistakes.push('too far');
        if (refuse(offset, length)) throw new Error('refused');
        this.ranges.push({ node, offset, length, handle });
        return;
      }
      const index = this.ranges.findIndex(
        (range) =>
          range.node === node &&
          range.offset === offset &&
          range.length === length &&
          range.handle === handle,
      );
      if (index < 0) this.mistakes.push(`not locked: ${offset}+${length} of ${node} by ${handle}`);
      else this.ranges.splice(index, 1);
    };
  }
}

function request(
  owner: number,
  type: Request['type'],
  start = 0,
  end = END_OF_FILE,
  more: Partial<Request> = {},
): Request {
  const handle = more.handle ?? `h${owner}`;
  return {
    kind: 'posix',
    owner: BigInt(owner),
    type,
    start,
    end,
    pid: 100 + owner,
    ...more,
    handle,
  };
}

const flock = { kind: 'flock' } as const;
const granted = { granted: true };

let table: LockTable<Handle>;
let disk: Disk;
beforeEach(() => {
  table = new LockTable();
  disk = new Disk();
  return () => expect(disk.mistakes).toEqual([]);
});

const set = (wanted: Request, node = NODE): Promise<Result> =>
  table.set(node, wanted, disk.apply(node));
const wait = (wanted: Request, node = NODE): LockWait<Handle> =>
  table.wait(node, wanted, disk.apply(node));
const reason = (result: Result): string => (result.granted ? 'granted' : result.reason);
const held = (node = NODE): string[] =>
  table
    .held(node)
    .map(({ owner, type, start, end }) => `${owner} ${type} ${start}-${end}`)
    .sort();

/** Whether it is settled once everything that can happen has happened. */
async function outcome(waiting: LockWait<Handle>): Promise<string> {
  await nextTurn();
  return Promise.race([waiting.result.then(reason), nextTurn('waiting')]);
}

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

describe('owners of different kinds', () => {
  it('are not the same, even with the same number', async () => {
    await set(request(1, 'write', 0, 0, flock), 1);
    await set(request(2, 'write', 0, 0), 2);
    const first = wait(request(1, 'write', 0, 0), 2);
    expect(await outcome(first)).toBe('waiting');
    expect(await outcome(wait(request(2, 'write', 0, 0, flock), 1))).toBe('waiting');
  });
});

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
const LAST = 7;
const NODES = [1, 2];
const kinds = ['posix', 'posix', 'flock'] as const;

interface Cell {
  readonly type: 'read' | 'write';
  readonly handle: Handle;
}

interface ModelWait {
  readonly request: Request;
  readonly refuse: boolean;
  readonly waiting: LockWait<Handle>;
}

const index = (offset: number): number => Math.min(offset, LAST);
const bytes = ({ kind, start, end }: Request | HeldLock<Handle>): number[] => {
  const [first, last] = kind === 'flock' ? [0, LAST] : [index(start), index(end)];
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
};

/** Per node, kind and byte: who holds it. As slow and plain as can be. */
class Model {
  readonly cells = new Map<string, Map<bigint, Cell>>();
  readonly queues = new Map<number, ModelWait[]>(NODES.map((node) => [node, []]));

  at(node: number, kind: string, byte: number): Map<bigint, Cell> {
    const key = `${node} ${kind} ${byte}`;
    const cell = this.cells.get(key) ?? new Map<bigint, Cell>();
    this.cells.set(key, cell);
    return cell;
  }

  locked(node: number, byte: number): boolean {
    return this.at(node, 'posix', byte).size + this.at(node, 'flock', byte).size > 0;
  }

  obstacles(node: number, wanted: Request): bigint[] {
    return bytes(wanted).flatMap((byte) =>
      [...this.at(node, wanted.kind, byte)]
        .filter(
          ([owner, { type }]) => owner !== wanted.owner && [type, wanted.type].includes('write'),
        )
        .map(([owner]) => owner),
    );
  }

  /** Grants, unless the file system refuses what it does not have locked yet. */
  grant(node: number, wanted: Request, refuse: boolean): 'granted' | 'refused' {
    const { kind, owner, type, handle } = wanted;
    if (type === 'unlock') {
      for (const byte of bytes(wanted)) this.at(node, kind, byte).delete(owner);
      return 'granted';
    }
    if (refuse && bytes(wanted).some((byte) => !this.locked(node, byte))) return 'refused';
    for (const byte of bytes(wanted)) this.at(node, kind, byte).set(owner, { type, handle });
    // What it touches becomes one lock with it, and that belongs to the open of the last request.
    for (const direction of [-1, 1]) {
      let byte = index(direction < 0 ? wanted.start : wanted.end) + direction;
      if (kind === 'flock') continue;
      while (this.cells.get(`${node} posix ${byte}`)?.get(owner)?.type === type) {
        this.at(node, kind, byte).set(owner, { type, handle });
        byte += direction;
      }
    }
    return 'granted';
  }

  remove(node: number, isGone: (kind: string, owner: bigint, cell: Cell) => boolean): void {
    for (const [key, owners] of this.cells) {
      const [cellNode, kind = ''] = key.split(' ');
      if (Number(cellNode) !== node) continue;
      for (const [owner, cell] of owners) if (isGone(kind, owner, cell)) owners.delete(owner);
    }
  }

  deadlocks(node: number, wanted: Request): boolean {
    if (wanted.kind !== 'posix') return false;
    const reached = new Set(this.obstacles(node, wanted));
    for (let size = -1; size !== reached.size;) {
      size = reached.size;
      for (const [at, queue] of this.queues) {
        for (const { request: other } of queue) {
          if (other.kind !== 'posix' || !reached.has(other.owner)) continue;
          for (const owner of this.obstacles(at, other)) reached.add(owner);
        }
      }
    }
    return reached.has(wanted.owner);
  }
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom('set' as const, 'wait' as const),
      node: fc.constantFrom(...NODES),
      kind: fc.constantFrom(...kinds),
      owner: fc.integer({ min: 1, max: 4 }),
      type: fc.constantFrom('read' as const, 'write' as const, 'write' as const, 'unlock' as const),
      range: fc.tuple(fc.nat(LAST), fc.nat(LAST)),
      handle: fc.constantFrom('x', 'y'),
      refuse: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
    }),
  },
  fc.record({
    do: fc.constant('interrupt' as const),
    node: fc.constantFrom(...NODES),
    which: fc.nat(3),
  }),
  fc.record({
    do: fc.constant('releaseOwner' as const),
    node: fc.constantFrom(...NODES),
    kind: fc.constantFrom(...kinds),
    owner: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('releaseHandle' as const),
    node: fc.constantFrom(...NODES),
    owner: fc.integer({ min: 1, max: 4 }),
    handle: fc.constantFrom('x', 'y'),
  }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function requestOf(of: Extract<Step, { do: 'set' | 'wait' }>): Request {
  const [start, end] = of.range[0] <= of.range[1] ? of.range : [of.range[1], of.range[0]];
  return request(of.owner, of.type, start, end === LAST ? END_OF_FILE : end, {
    kind: of.kind,
    handle: `${of.owner}${of.handle}`,
  });
}

/** Runs the steps on the table and on the model, and compares after each. */
async function compare(steps: readonly Step[]): Promise<void> {
  const locks = new LockTable<Handle>();
  const files = new Disk();
  const model = new Model();
  const expected = new Map<LockWait<Handle>, string>();
  const actual = new Map<LockWait<Handle>, string>();

  const interrupt = (node: number, isGone: (wait: ModelWait, at: number) => boolean): void => {
    const queue = model.queues.get(node) ?? [];
    const gone = queue.filter(isGone);
    model.queues.set(
      node,
      queue.filter((other) => !gone.includes(other)),
    );
    for (const { waiting } of gone) expected.set(waiting, 'interrupted');
  };
  const wake = (node: number): void => {
    const queue = model.queues.get(node) ?? [];
    for (;;) {
      const at = queue.findIndex((other) => model.obstacles(node, other.request).length === 0);
      const [next] = at < 0 ? [] : queue.splice(at, 1);
      if (next === undefined) return;
      expected.set(next.waiting, model.grant(node, next.request, next.refuse));
    }
  };
  const letGo = (node: number, wanted: Request): void => {
    if (wanted.kind === 'flock') model.grant(node, { ...wanted, type: 'unlock' }, false);
  };

  for (const next of steps) {
    const { node } = next;
    const apply = files.apply(node);
    if (next.do === 'set' || next.do === 'wait') {
      const wanted = requestOf(next);
      // Refusing to lock the rest of a range again has its own tests: it cannot be undone.
      const refuse = next.refuse && wanted.type !== 'unlock' && wanted.kind === 'posix';
      const asked = files.apply(node, () => refuse);
      const blocked = wanted.type !== 'unlock' && model.obstacles(node, wanted).length > 0;
      if (next.do === 'set') {
        const obstacles = model.obstacles(node, wanted);
        const result = await locks.set(node, wanted, asked);
        if (!blocked) expect(reason(result)).toBe(model.grant(node, wanted, refuse));
        else {
          expect(reason(result)).toBe('conflict');
          if (!result.granted && result.reason === 'conflict') {
            expect(obstacles).toContain(result.conflict.owner);
          }
          letGo(node, wanted);
        }
      } else {
        const waiting = locks.wait(node, wanted, asked);
        void waiting.result.then((result) => actual.set(waiting, reason(result)));
        if (!blocked) expected.set(waiting, model.grant(node, wanted, refuse));
        else {
          letGo(node, wanted);
          if (model.deadlocks(node, wanted)) expected.set(waiting, 'deadlock');
          else model.queues.get(node)?.push({ request: wanted, refuse, waiting });
        }
      }
    } else if (next.do === 'interrupt') {
      const chosen = model.queues.get(node)?.[next.which];
      chosen?.waiting.interrupt();
      interrupt(node, (other) => other === chosen);
    } else if (next.do === 'releaseOwner') {
      const owner = BigInt(next.owner);
      await locks.releaseOwner(node, owner, next.kind, apply);
      model.remove(node, (kind, holder) => kind === next.kind && holder === owner);
    } else {
      const handle = `${next.owner}${next.handle}`;
      await locks.releaseHandle(node, handle, apply);
      interrupt(node, (other) => other.request.handle === handle);
      model.remove(node, (_, __, cell) => cell.handle === handle);
      expect(
        files.ranges.filter((range) => range.node === node && range.handle === handle),
      ).toEqual([]);
    }
    wake(node);
    await nextTurn();

    expect(actual).toEqual(expected);
    expect(files.mistakes).toEqual([]);
    for (const at of NODES) compareNode(at, locks, files, model);
  }

  for (const node of NODES) {
    await locks.releaseNode(node, files.apply(node));
    interrupt(node, () => true);
  }
  await nextTurn();
  expect(actual).toEqual(expected);
  expect(files.mistakes).toEqual([]);
  expect(files.ranges).toEqual([]);
  expect(locks.size).toBe(0);
}

function compareNode(node: number, locks: LockTable<Handle>, files: Disk, model: Model): void {
  const seen: string[] = [];
  for (const lock of locks.held(node)) {
    for (const byte of bytes(lock)) {
      seen.push(`${lock.kind} ${byte} ${lock.owner} ${lock.type} ${lock.handle}`);
    }
  }
  const wanted: string[] = [];
  for (const kind of ['posix', 'flock']) {
    for (let byte = 0; byte <= LAST; byte++) {
      for (const [owner, { type, handle }] of model.at(node, kind, byte)) {
        wanted.push(`${kind} ${byte} ${owner} ${type} ${handle}`);
      }
    }
  }
  expect(seen.sort()).toEqual(wanted.sort());

  const onDisk = new Set<number>();
  for (const { offset, length } of files.ranges.filter((range) => range.node === node)) {
    for (let byte = offset; byte <= index(offset + length - 1); byte++) onDisk.add(byte);
  }
  for (let byte = 0; byte <= LAST; byte++) {
    expect(onDisk.has(byte)).toBe(model.locked(node, byte));
  }
}

describe('any sequence of requests', () => {
  it('ends as in a model that looks at every byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => compare(steps)),
      { numRuns: 500 },
    );
  });

  it('ends well all at once, with a file system that takes its time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const locks = new LockTable<Handle>();
        const files = new Disk();
        const slowly = (node: number, refuse = false): ApplyChange<Handle> => {
          const apply = files.apply(node, () => refuse);
          return async (change) => {
            await nextTurn();
            for (const at of NODES) expectNoQuarrel(locks.held(at));
            await apply(change);
          };
        };
        const waits: LockWait<Handle>[] = [];
        const others: unknown[] = [];
        for (const next of steps) {
          const { node } = next;
          if (next.do === 'set' || next.do === 'wait') {
            const wanted = requestOf(next);
            const apply = slowly(node, next.refuse);
            if (next.do === 'wait') waits.push(locks.wait(node, wanted, apply));
            else others.push(locks.set(node, wanted, apply));
          } else if (next.do === 'interrupt') {
            waits[next.which]?.interrupt();
          } else if (next.do === 'releaseOwner') {
            others.push(locks.releaseOwner(node, BigInt(next.owner), next.kind, slowly(node)));
          } else {
            others.push(locks.releaseHandle(node, `${next.owner}${next.handle}`, slowly(node)));
          }
        }
        await Promise.all(others);
        // Whoever still waits is granted the lock, or told why not, when all others let go.
        for (let round = 0; round <= waits.length; round++) {
          for (const node of NODES) {
            for (const owner of [1n, 2n, 3n, 4n]) {
              await locks.releaseOwner(node, owner, 'posix', slowly(node));
              await locks.releaseOwner(node, owner, 'flock', slowly(node));
            }
          }
        }
        await Promise.all(waits.map(({ result }) => result));
        for (const node of NODES) await locks.releaseNode(node, slowly(node));
        await nextTurn();
        expect(files.mistakes).toEqual([]);
        expect(files.ranges).toEqual([]);
        expect(locks.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

function expectNoQuarrel(locks: readonly HeldLock<Handle>[]): void {
  for (const one of locks) {
    for (const other of locks) {
      const same = one.kind === other.kind && one.owner !== other.owner;
      const overlap = one.start <= other.end && other.start <= one.end;
      expect(same && overlap && one.type === 'write').toBe(false);
    }
  }
}
