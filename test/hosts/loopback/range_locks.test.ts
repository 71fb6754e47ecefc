import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DokanError } from '../../../lib/errors.js';
import { RangeLocks, type LockOwner } from '../../../lib/hosts/loopback/range_locks.js';
import { outcome } from './scripted_backend.js';

const one = { open: {}, processId: 1, key: 0 };
const two = { open: {}, processId: 1, key: 0 };
const three = { open: {}, processId: 1, key: 0 };

function failure(work: () => unknown): string {
  try {
    work();
    return 'SUCCESS';
  } catch (error) {
    return (error as DokanError).code;
  }
}

describe('RangeLocks', () => {
  it('gives exclusive bytes to one lock only, the same owner included', () => {
    const locks = new RangeLocks();
    void locks.lock(one, 10, 10, true, false);
    expect(failure(() => locks.lock(two, 19, 1, true, false))).toBe('LOCK_NOT_GRANTED');
    expect(failure(() => locks.lock(one, 10, 10, true, false))).toBe('LOCK_NOT_GRANTED');
    expect(failure(() => locks.lock(two, 20, 1, true, false))).toBe('SUCCESS');
    expect(failure(() => locks.lock(two, 9, 1, true, false))).toBe('SUCCESS');
  });

  it('lets shared locks overlap shared ones, and an exclusive one of the same owner', () => {
    const locks = new RangeLocks();
    void locks.lock(one, 0, 10, false, false);
    expect(failure(() => locks.lock(two, 5, 10, false, false))).toBe('SUCCESS');
    expect(failure(() => locks.lock(two, 5, 1, true, false))).toBe('LOCK_NOT_GRANTED');
    void locks.lock(one, 100, 10, true, false);
    expect(failure(() => locks.lock(one, 100, 10, false, false))).toBe('SUCCESS');
    expect(failure(() => locks.lock(two, 100, 10, false, false))).toBe('LOCK_NOT_GRANTED');
  });

  it('tells owners apart by open, process and key', () => {
    const locks = new RangeLocks();
    void locks.lock(one, 0, 10, true, false);
    expect(locks.mayRead(one, 0, 10)).toBe(true);
    expect(locks.mayRead(two, 9, 1)).toBe(false);
    expect(locks.mayRead(two, 10, 1)).toBe(true);
    expect(locks.mayRead({ ...one, processId: 2 }, 0, 1)).toBe(false);
    expect(locks.mayRead({ ...one, key: 1 }, 0, 1)).toBe(false);
    expect(failure(() => locks.unlock({ ...one, key: 1 }, 0, 10))).toBe('RANGE_NOT_LOCKED');
  });

  it('unlocks only what was locked, the exclusive lock first', () => {
    const locks = new RangeLocks();
    void locks.lock(one, 0, 10, true, false);
    void locks.lock(one, 0, 10, false, false);
    expect(failure(() => locks.unlock(one, 0, 9))).toBe('RANGE_NOT_LOCKED');
    locks.unlock(one, 0, 10);
    expect(locks.mayRead(two, 0, 10)).toBe(true);
    expect(failure(() => locks.lock(two, 0, 10, true, false))).toBe('LOCK_NOT_GRANTED');
    locks.unlock(one, 0, 10);
    expect(failure(() => locks.unlock(one, 0, 10))).toBe('RANGE_NOT_LOCKED');
  });

  it('has ranges of no bytes conflict only with what they lie inside of', () => {
    const locks = new RangeLocks();
    void locks.lock(one, 10, 10, true, false);
    expect(failure(() => locks.lock(two, 10, 0, true, false))).toBe('SUCCESS');
    expect(failure(() => locks.lock(two, 20, 0, true, false))).toBe('SUCCESS');
    expect(failure(() => locks.lock(two, 11, 0, true, false))).toBe('LOCK_NOT_GRANTED');
  });

  it('grants waiting locks in their order, as soon as they fit', async () => {
    const locks = new RangeLocks();
    const granted: string[] = [];
    void locks.lock(one, 0, 10, true, false);
    const first = locks.lock(two, 0, 5, true, true)?.then(() => granted.push('first'));
    const second = locks.lock(three, 0, 10, false, true)?.then(() => granted.push('second'));
    locks.unlock(one, 0, 10);
    await first;
    expect(granted).toEqual(['first']);
    locks.unlock(two, 0, 5);
    await second;
    expect(granted).toEqual(['first', 'second']);
  });

  it('drops locks and waits of an open that is gone', async () => {
    const locks = new RangeLocks();
    void locks.lock(one, 0, 10, true, false);
    const waiting = locks.lock(two, 0, 10, true, true);
    locks.release(two.open);
    expect(await outcome(waiting!)).toBe('RANGE_NOT_LOCKED');
    locks.release(one.open);
    expect(failure(() => locks.lock(two, 0, 10, true, false))).toBe('SUCCESS');
  });

  it('agrees with a model that keeps a set of holders per byte', () => {
    const owners: LockOwner[] = [one, two, { ...one, key: 1 }];
    const step = fc.record({
      owner: fc.integer({ min: 0, max: 2 }),
      offset: fc.integer({ min: 0, max: 5 }),
      length: fc.integer({ min: 1, max: 4 }),
      exclusive: fc.boolean(),
      unlock: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const locks = new RangeLocks();
        let held: (typeof steps)[number][] = [];
        const covers = (lock: (typeof steps)[number], byte: number) =>
          byte >= lock.offset && byte < lock.offset + lock.length;
        for (const now of steps) {
          const bytes = Array.from({ length: now.length }, (_, index) => now.offset + index);
          if (now.unlock) {
            const same = held.filter(
              (lock) =>
                lock.owner === now.owner &&
                lock.offset === now.offset &&
                lock.length === now.length,
            );
            const found = same.find((lock) => lock.exclusive) ?? same[0];
            const expected = found === undefined ? 'RANGE_NOT_LOCKED' : 'SUCCESS';
            expect(failure(() => locks.unlock(owners[now.owner]!, now.offset, now.length))).toBe(
              expected,
            );
            held = held.filter((lock) => lock !== found);
          } else {
            const refused = bytes.some((byte) =>
              held.some(
                (lock) =>
                  covers(lock, byte) &&
                  (now.exclusive || (lock.exclusive && lock.owner !== now.owner)),
              ),
            );
            const { offset, length, exclusive } = now;
            const work = () => locks.lock(owners[now.owner]!, offset, length, exclusive, false);
            expect(failure(work)).toBe(refused ? 'LOCK_NOT_GRANTED' : 'SUCCESS');
            if (!refused) held.push(now);
          }
          for (let byte = 0; byte < 10; byte += 1) {
            for (const [index, owner] of owners.entries()) {
              const expected = !held.some(
                (lock) => lock.exclusive && lock.owner !== index && covers(lock, byte),
              );
              expect(locks.mayRead(owner, byte, 1)).toBe(expected);
            }
          }
        }
      }),
    );
  });
});
