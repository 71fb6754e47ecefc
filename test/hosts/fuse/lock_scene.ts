import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect } from 'vitest';
import {
  END_OF_FILE,
  LockTable,
  type ApplyChange,
  type LockRequest,
  type LockResult,
  type LockWait,
} from '../../../lib/hosts/fuse/locks.js';

/** What tests of locks share: a table and a disk, new for each test, and short names for using them. */

export type Handle = string;
export type Request = LockRequest<Handle>;
export type Result = LockResult<Handle>;

export const NODE = 7;

/** A file system with NT's locks: exclusive ranges, unlocked by exactly the same range and open. */
export class Disk {
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

export function request(
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

export const flock = { kind: 'flock' } as const;
export const granted = { granted: true };

export let table: LockTable<Handle>;
export let disk: Disk;
beforeEach(() => {
  table = new LockTable();
  disk = new Disk();
  return () => expect(disk.mistakes).toEqual([]);
});

export const set = (wanted: Request, node = NODE): Promise<Result> =>
  table.set(node, wanted, disk.apply(node));
export const wait = (wanted: Request, node = NODE): LockWait<Handle> =>
  table.wait(node, wanted, disk.apply(node));
export const reason = (result: Result): string => (result.granted ? 'granted' : result.reason);
export const held = (node = NODE): string[] =>
  table
    .held(node)
    .map(({ owner, type, start, end }) => `${owner} ${type} ${start}-${end}`)
    .sort();

/** Whether it is settled once everything that can happen has happened. */
export async function outcome(waiting: LockWait<Handle>): Promise<string> {
  await nextTurn();
  return Promise.race([waiting.result.then(reason), nextTurn('waiting')]);
}
