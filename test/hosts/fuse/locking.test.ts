import { describe, expect, it } from 'vitest';
import type { DokanOperations, FileContext } from '../../../lib/operations.js';
import {
  dispatched,
  errnoOf,
  failure,
  known,
  opened,
  scripted,
  settled,
  status,
  type Dispatched,
} from './harness.js';
import { body, cString, u32, u64, type Lock, type Reply, type Whole } from './kernel.js';

const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const FUSE_LK_FLOCK = 1;
const FUSE_RELEASE_FLOCK_UNLOCK = 2;
const OFFSET_MAX = 2n ** 63n - 1n;
const WHOLE: Lock = { start: 0, end: OFFSET_MAX, type: F_WRLCK, pid: 70 };

interface Locking extends Dispatched {
  node: number;
  handle: number;
  calls: string[];
  set: (owner: Whole, lock: Lock, flags?: number, name?: 'SETLK' | 'SETLKW') => Promise<Reply[]>;
}

function locking(operations: Partial<DokanOperations> = {}): Locking {
  const calls: string[] = [];
  const note =
    (what: string) =>
    (path: string, offset: number, length: number): void =>
      void calls.push(`${what} ${path} ${offset} ${length}`);
  const all = dispatched(
    {
      queryOpen: () => ({ size: 0 }),
      createFile: () => 'opened',
      lockFile: note('lock'),
      unlockFile: note('unlock'),
      cleanup: () => void calls.push('cleanup'),
      ...operations,
    },
    { userModeLock: true },
  );
  const node = all.kernel.ask('LOOKUP', 1, cString('a')).u64(0);
  const handle = all.kernel.ask('OPEN', node, body.open(2)).u64(0);
  const set: Locking['set'] = async (owner, lock, flags = 0, name = 'SETLK') => {
    const unique = all.kernel.post(name, node, body.lock(handle, owner, lock, flags));
    await settled();
    return all.kernel.repliesTo(unique);
  };
  return { ...all, node, handle, calls, set };
}

const results = (replies: Reply[]): string[] => replies.map(errnoOf);

describe('SETLK', () => {
  it('locks at the file system, for one owner', async () => {
    const all = locking();
    const range = { start: 10, end: 19, type: F_WRLCK, pid: 70 };
    expect(results(await all.set(1, range))).toEqual(['OK']);
    expect(all.calls).toEqual(['lock /a 10 10']);
    expect(results(await all.set(2n ** 64n - 1n, range))).toEqual(['EAGAIN']);
    expect(results(await all.set(1, { ...range, type: F_UNLCK }))).toEqual(['OK']);
    expect(all.calls).toEqual(['lock /a 10 10', 'unlock /a 10 10']);
  });

  it('locks to the end of the file, however it is written', async () => {
    const all = locking();
    expect(results(await all.set(1, WHOLE))).toEqual(['OK']);
    expect(results(await all.set(2, { ...WHOLE, start: 2 ** 52 }))).toEqual(['EAGAIN']);
  });

  it('has read locks that others have too', async () => {
    const all = locking();
    const read = { ...WHOLE, type: F_RDLCK };
    expect(results(await all.set(1, read))).toEqual(['OK']);
    expect(results(await all.set(2, read))).toEqual(['OK']);
    expect(results(await all.set(2, WHOLE))).toEqual(['EAGAIN']);
  });

  it('fails as the file system does', async () => {
    const all = locking({
      lockFile: () => {
        throw status('LOCK_NOT_GRANTED');
      },
    });
    expect(results(await all.set(1, WHOLE))).toEqual(['EAGAIN']);
    const none = dispatched(
      { queryOpen: () => ({ size: 0 }), createFile: () => 'opened' },
      { userModeLock: true },
    );
    const node = none.kernel.ask('LOOKUP', 1, cString('a')).u64(0);
    const handle = none.kernel.ask('OPEN', node, body.open(2)).u64(0);
    const reply = await none.kernel.later('SETLK', node, body.lock(handle, 1, WHOLE));
    expect(errnoOf(reply)).toBe('EOPNOTSUPP');
  });

  it('refuses nonsense', async () => {
    const all = locking();
    for (const lock of [
      { ...WHOLE, type: 3 },
      { ...WHOLE, type: 0xffff_ffff },
      { ...WHOLE, start: 5, end: 4 },
      { ...WHOLE, start: 2n ** 63n, end: 2n ** 63n + 1n },
    ]) {
      expect(results(await all.set(1, lock))).toEqual(['EINVAL']);
    }
    for (const name of ['SETLK', 'SETLKW', 'GETLK'] as const) {
      const unique = all.kernel.post(name, all.node, body.lock(99, 1, WHOLE));
      await settled();
      expect(errnoOf(all.kernel.reply(unique))).toBe('EBADF');
    }
    expect(all.calls).toEqual([]);
  });
});

describe('GETLK', () => {
  it('tells what is in the way', async () => {
    const all = locking();
    const { kernel, node, handle } = all;
    const ask = (owner: number, lock: Lock): Buffer =>
      kernel.ask('GETLK', node, body.lock(handle, owner, lock)).body;
    await all.set(1, { start: 10, end: 19, type: F_WRLCK, pid: 70 });
    await all.set(1, { start: 100, end: OFFSET_MAX, type: F_RDLCK, pid: 71 });
    const free = Buffer.concat([u64(0, 9), u32(F_UNLCK, 0)]);
    expect(ask(2, { start: 0, end: 9, type: F_WRLCK })).toEqual(free);
    const held = Buffer.concat([u64(10, 19), u32(F_WRLCK, 70)]);
    expect(ask(2, { start: 0, end: 10, type: F_RDLCK })).toEqual(held);
    const shared = Buffer.concat([u64(100, OFFSET_MAX), u32(F_RDLCK, 71)]);
    expect(ask(2, { start: 50, end: OFFSET_MAX, type: F_WRLCK })).toEqual(shared);
    const none = Buffer.concat([u64(50, OFFSET_MAX), u32(F_UNLCK, 0)]);
    expect(ask(2, { start: 50, end: OFFSET_MAX, type: F_RDLCK })).toEqual(none);
    expect(ask(1, WHOLE).readUInt32LE(16)).toBe(F_UNLCK);
  });
});

describe('SETLKW', () => {
  it('waits until the lock is free', async () => {
    const all = locking();
    await all.set(1, WHOLE);
    const { kernel, node, handle } = all;
    const unique = kernel.post('SETLKW', node, body.lock(handle, 2, WHOLE));
    await settled();
    expect(kernel.repliesTo(unique)).toHaveLength(0);
    await all.set(1, { ...WHOLE, type: F_UNLCK });
    expect(results(kernel.repliesTo(unique))).toEqual(['OK']);
    expect(all.calls.map((call) => call.split(' ')[0])).toEqual(['lock', 'unlock', 'lock']);
  });

  it('is EINTR when interrupted, EDEADLK where it would wait forever', async () => {
    const all = locking();
    const { kernel, node, handle } = all;
    const half = { ...WHOLE, end: 9 };
    const rest = { ...WHOLE, start: 10 };
    await all.set(1, half);
    await all.set(2, rest);
    const unique = kernel.post('SETLKW', node, body.lock(handle, 1, rest));
    expect(results(await all.set(2, half, 0, 'SETLKW'))).toEqual(['EDEADLK']);
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(results(kernel.repliesTo(unique))).toEqual(['EINTR']);
    expect(kernel.session.waitingCount).toBe(0);
  });

  it('of a flock can be interrupted also after its old lock was let go', async () => {
    // flock(2) converts by unlocking first, which here takes the file system some time.
    const all = locking({ unlockFile: () => Promise.resolve() });
    const { kernel, node, handle } = all;
    const read = { ...WHOLE, type: F_RDLCK };
    await all.set(1, read, FUSE_LK_FLOCK);
    await all.set(2, read, FUSE_LK_FLOCK);
    const unique = kernel.post('SETLKW', node, body.lock(handle, 1, WHOLE, FUSE_LK_FLOCK));
    await settled();
    expect(kernel.repliesTo(unique)).toHaveLength(0);
    kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(results(kernel.repliesTo(unique))).toEqual(['EINTR']);
  });

  it('interrupts the callback that is asked for the lock', async () => {
    let signal: AbortSignal | undefined;
    const all = locking({
      lockFile: async (_path, _offset, _length, file: FileContext) => {
        signal = file.signal;
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        throw status('LOCK_NOT_GRANTED');
      },
    });
    const unique = all.kernel.post('SETLKW', all.node, body.lock(all.handle, 1, WHOLE));
    await settled();
    expect(signal?.aborted).toBe(false);
    all.kernel.post('INTERRUPT', 0, body.interrupt(unique));
    await settled();
    expect(results(all.kernel.repliesTo(unique))).toEqual(['EAGAIN']);
  });
});

describe('FLUSH and RELEASE', () => {
  it('FLUSH lets go of the fcntl locks of one owner', async () => {
    const all = locking();
    await all.set(1, { ...WHOLE, end: 9 });
    await all.set(2, { ...WHOLE, start: 10, end: 19 });
    await all.set(1, { ...WHOLE, type: F_RDLCK }, FUSE_LK_FLOCK);
    const unique = all.kernel.post('FLUSH', all.node, body.flush(all.handle, 1));
    await settled();
    expect(all.kernel.reply(unique).bytes).toHaveLength(16);
    expect(all.kernel.session.locks.held(all.node).map(({ owner, kind }) => [owner, kind])).toEqual(
      [
        [2n, 'posix'],
        [1n, 'flock'],
      ],
    );
    expect(all.kernel.fail('FLUSH', all.node, body.flush(99, 1))).toBe('EBADF');
    expect(all.kernel.fail('FLUSH', all.node, body.flush(all.handle, 77))).toBe('OK');
  });

  it('FLUSH is ENOSYS where the kernel locks: it need not ask again', () => {
    const all = scripted();
    const node = known(all, 'a');
    const handle = opened(all, node);
    expect(all.kernel.fail('FLUSH', node, body.flush(handle, 1))).toBe('ENOSYS');
    expect(all.script.takeCalls()).toEqual([]);
  });

  it('RELEASE unlocks before the cleanup', async () => {
    const all = locking();
    await all.set(5, WHOLE, FUSE_LK_FLOCK);
    const release = body.release(all.handle, FUSE_RELEASE_FLOCK_UNLOCK, 5);
    const unique = all.kernel.post('RELEASE', all.node, release);
    await settled();
    expect(results(all.kernel.repliesTo(unique))).toEqual(['OK']);
    expect(all.calls.map((call) => call.split(' ')[0])).toEqual(['lock', 'unlock', 'cleanup']);
    expect(all.kernel.session.locks.size).toBe(0);
  });

  it('RELEASE of what holds no lock is answered at once', () => {
    const all = locking();
    expect(all.kernel.fail('RELEASE', all.node, body.release(all.handle))).toBe('OK');
  });
});

describe('without userModeLock', () => {
  it('nothing is locked here', async () => {
    const all = scripted();
    all.script.answers.lockFile = failure('NOT_IMPLEMENTED');
    const node = known(all, 'a');
    const handle = opened(all, node);
    const reply = await all.kernel.later('SETLK', node, body.lock(handle, 1, WHOLE));
    expect(errnoOf(reply)).toBe('EOPNOTSUPP');
    expect(all.kernel.session.locks.held(node)).toEqual([]);
  });
});
