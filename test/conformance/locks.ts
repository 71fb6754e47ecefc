import { describe, expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { Posix } from '../support/posix.js';
import { refuses, type Scene, type Suite } from './suite.js';

interface Two {
  first: Posix;
  second: Posix;
  a: number;
  b: number;
}

/** Two processes with the same file open. */
async function two({ helper, path }: Scene): Promise<Two> {
  const first = helper();
  const second = helper();
  await first.writeFile(path('file'), 'x'.repeat(100));
  return {
    first,
    second,
    a: await first.open(path('file'), 'RDWR'),
    b: await second.open(path('file'), 'RDWR'),
  };
}

const busy = ['EAGAIN', 'EACCES'] as const;

const sleeps = (helper: Posix): Promise<boolean> =>
  eventually('the lock to block', () => helper.isBlocked());

function records(suite: Suite): void {
  suite.test('shared locks go together, exclusive ones do not', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'read', 0, 0);
    await second.lock(b, 'read', 0, 0);
    await refuses(first.lock(a, 'write', 0, 0), ...busy);
    await second.lock(b, 'unlock', 0, 0);
    await first.lock(a, 'write', 0, 0);
    await refuses(second.lock(b, 'read', 0, 0), ...busy);
    await refuses(second.lock(b, 'write', 0, 0), ...busy);
    await first.lock(a, 'read', 0, 0);
    await second.lock(b, 'read', 0, 0);
  });

  suite.test('ranges that touch do not overlap', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 10, 10);
    await second.lock(b, 'write', 0, 10);
    await second.lock(b, 'write', 20, 10);
    await refuses(second.lock(b, 'write', 19, 1), ...busy);
    await refuses(second.lock(b, 'write', 10, 1), ...busy);
    await refuses(second.lock(b, 'write', 0, 0), ...busy);
    // Locks need no bytes under them.
    await first.lock(a, 'write', 5_000_000_000, 1);
    await refuses(second.lock(b, 'read', 4_999_999_999, 2), ...busy);
    await second.lock(b, 'read', 5_000_000_001, 0);
  });

  suite.test('unlocking a part leaves the rest', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 100);
    await first.lock(a, 'unlock', 40, 20);
    await second.lock(b, 'write', 40, 20);
    await refuses(second.lock(b, 'read', 39, 1), ...busy);
    await refuses(second.lock(b, 'read', 60, 1), ...busy);
    await first.lock(a, 'unlock', 0, 0);
    await second.lock(b, 'write', 0, 0);
  });

  suite.test('F_GETLK tells who is in the way', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    expect(await second.testLock(b, 'write', 0, 0)).toBeNull();
    await first.lock(a, 'read', 30, 20);
    const found = await second.testLock(b, 'write', 0, 0);
    expect(found).toEqual({ kind: 'read', start: 30, length: 20, pid: first.pid });
    expect(await second.testLock(b, 'read', 0, 0)).toBeNull();
    expect(await second.testLock(b, 'write', 0, 30)).toBeNull();
    expect(await first.testLock(a, 'write', 0, 0)).toBeNull();
  });

  suite.test('a lock needs an open of its kind', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    const reader = await posix.open(path('file'), 'RDONLY');
    const writer = await posix.open(path('file'), 'WRONLY');
    await refuses(posix.lock(reader, 'write', 0, 0), 'EBADF');
    await refuses(posix.lock(writer, 'read', 0, 0), 'EBADF');
    await refuses(posix.lock(reader, 'read', -1, 0), 'EINVAL');
    await posix.lock(reader, 'read', 0, 0);
    await posix.lock(writer, 'write', 0, 0);
  });

  suite.test('closing any descriptor of the file releases', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 0);
    const another = await first.open(scene.path('file'), 'RDONLY');
    await refuses(second.lock(b, 'write', 0, 0), ...busy);
    await first.closeFd(another);
    await second.lock(b, 'write', 0, 0);
  });

  suite.test('a wait ends when the lock is released', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    for (const release of ['unlock', 'close', 'downgrade'] as const) {
      const fd = release === 'close' ? await first.open(scene.path('file'), 'RDWR') : a;
      await first.lock(fd, 'write', 0, 0);
      const waiting = second.lock(b, 'read', 0, 0, { wait: true });
      await sleeps(second);
      if (release === 'unlock') await first.lock(a, 'unlock', 0, 0);
      else if (release === 'close') await first.closeFd(fd);
      else await first.lock(a, 'read', 0, 0);
      await waiting;
      await second.lock(b, 'unlock', 0, 0);
    }
  });

  suite.test('a process that dies releases', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 0);
    const waiting = second.lock(b, 'write', 0, 0, { wait: true });
    await sleeps(second);
    await first.kill();
    await waiting;
  });

  suite.test('waiting for each other is EDEADLK', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 1);
    await second.lock(b, 'write', 1, 1);
    const waiting = first.lock(a, 'write', 1, 1, { wait: true });
    await sleeps(first);
    await refuses(second.lock(b, 'write', 0, 1, { wait: true }), 'EDEADLK');
    await second.lock(b, 'unlock', 1, 1);
    await waiting;
  });

  suite.test('a waiter that is killed leaves no lock', [], async (scene) => {
    const { first, second, a } = await two(scene);
    await first.lock(a, 'write', 0, 0);
    const waiting = second.lock(await second.open(scene.path('file'), 'RDWR'), 'write', 0, 0, {
      wait: true,
    });
    const failed = expect(waiting).rejects.toThrow();
    await sleeps(second);
    await second.kill();
    await failed;
    await first.lock(a, 'unlock', 0, 0);
    const third = scene.helper();
    await third.lock(await third.open(scene.path('file'), 'RDWR'), 'write', 0, 0);
  });

  suite.test('locks go along with renames and unlinks', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 0);
    await first.rename(scene.path('file'), scene.path('renamed'));
    const again = await second.open(scene.path('renamed'), 'RDWR');
    await refuses(second.lock(again, 'write', 0, 0), ...busy);
    await first.unlink(scene.path('renamed'));
    await refuses(second.lock(b, 'write', 0, 0), ...busy);
    await first.writeFile(scene.path('renamed'), 'another file');
    const other = await second.open(scene.path('renamed'), 'RDWR');
    await second.lock(other, 'write', 0, 0);
  });

  suite.test('locks do not hinder reading and writing', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 0);
    expect((await second.pread(b, 1, 0)).toString()).toBe('x');
    await second.pwrite(b, 'y', 0);
    expect((await first.pread(a, 1, 0)).toString()).toBe('y');
  });
}

function openFileDescription(suite: Suite): void {
  const ofd = { ofd: true };

  suite.test('OFD locks belong to the open', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    const one = await posix.open(path('file'), 'RDWR');
    const other = await posix.open(path('file'), 'RDWR');
    await posix.lock(one, 'write', 0, 0, ofd);
    await refuses(posix.lock(other, 'write', 0, 0, ofd), ...busy);
    await refuses(posix.lock(other, 'read', 5, 1, ofd), ...busy);
    // Unlike record locks, they outlive the close of another descriptor.
    await posix.closeFd(await posix.open(path('file'), 'RDWR'));
    await refuses(posix.lock(other, 'read', 0, 0, ofd), ...busy);
    const copy = await posix.dup(one);
    await posix.closeFd(one);
    await refuses(posix.lock(other, 'read', 0, 0, ofd), ...busy);
    await posix.closeFd(copy);
    await posix.lock(other, 'write', 0, 0, ofd);
  });

  suite.test('OFD locks and record locks see each other', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.lock(a, 'write', 0, 10, ofd);
    await refuses(second.lock(b, 'write', 5, 1), ...busy);
    expect(await second.testLock(b, 'read', 0, 0)).toMatchObject({ kind: 'write', length: 10 });
    const waiting = second.lock(b, 'write', 5, 1, { wait: true });
    await sleeps(second);
    await first.kill();
    await waiting;
  });
}

function whole(suite: Suite): void {
  suite.test('flock between processes', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.flock(a, 'shared');
    await second.flock(b, 'shared');
    await refuses(first.flock(a, 'exclusive'), 'EAGAIN');
    await second.flock(b, 'unlock');
    await first.flock(a, 'exclusive');
    await refuses(second.flock(b, 'shared'), 'EAGAIN');
    const waiting = second.flock(b, 'exclusive', true);
    await sleeps(second);
    await first.flock(a, 'unlock');
    await waiting;
    await refuses(first.flock(a, 'shared'), 'EAGAIN');
  });

  suite.test('flock belongs to the open', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    const one = await posix.open(path('file'), 'RDONLY');
    const other = await posix.open(path('file'), 'RDONLY');
    await posix.flock(one, 'exclusive');
    await refuses(posix.flock(other, 'shared'), 'EAGAIN');
    const copy = await posix.dup(one);
    await posix.closeFd(one);
    await refuses(posix.flock(other, 'shared'), 'EAGAIN');
    await posix.closeFd(copy);
    await posix.flock(other, 'exclusive');
  });

  suite.test('flock of a process that dies', [], async (scene) => {
    const { first, second, a, b } = await two(scene);
    await first.flock(a, 'exclusive');
    const waiting = second.flock(b, 'shared', true);
    await sleeps(second);
    await first.kill();
    await waiting;
  });

  suite.test('flock of a directory', [], async ({ posix, path, helper }) => {
    const other = helper();
    const mine = await posix.open(path(), 'RDONLY');
    const theirs = await other.open(path(), 'RDONLY');
    await posix.flock(mine, 'exclusive');
    await refuses(other.flock(theirs, 'exclusive'), 'EAGAIN');
    await posix.closeFd(mine);
    await other.flock(theirs, 'exclusive');
  });
}

function counting(suite: Suite): void {
  for (const how of ['fcntl', 'ofd', 'flock'] as const) {
    suite.test(`four processes count under ${how}`, [], async ({ posix, path, helper }) => {
      await posix.writeFile(path('number'), '0');
      const workers = [helper(), helper(), helper(), helper()];
      await Promise.all(workers.map((worker) => worker.lockedIncrements(path('number'), 100, how)));
      expect(await posix.readText(path('number'))).toBe('400');
    });
  }
}

/** Record locks, OFD locks, flock(2). */
export function locks(suite: Suite): void {
  describe('locks', () => {
    records(suite);
    openFileDescription(suite);
    whole(suite);
    counting(suite);
  });
}
