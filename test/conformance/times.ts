import { describe, expect } from 'vitest';
import { moves, past } from './clock.js';
import { refuses, type Need, type Scene, type Suite } from './suite.js';
import { has } from './target.js';

const second = 1_000_000_000n;

/** Seconds and nanoseconds that tell apart what loses digits, signs or bits. */
const exact: readonly [title: string, time: bigint][] = [
  ['the epoch', 0n],
  ['100 nanoseconds after the epoch', 100n],
  ['100 nanoseconds before the epoch', -100n],
  ['a nanosecond after the epoch', 1n],
  ['a nanosecond before the epoch', -1n],
  ['a second before the epoch', -second],
  ['1969 with a fraction', -86_400n * second + 123_456_700n],
  ['1969 with all nine digits', -86_400n * second + 123_456_789n],
  ['1901, the first 32-bit second', -(2n ** 31n) * second],
  ['all nine digits', 1_700_000_000n * second + 987_654_321n],
  ['the last nanosecond of a second', 1_700_000_001n * second - 1n],
  ['less than a microsecond', 1_700_000_000n * second + 7n],
  ['January 2038, the last 32-bit second', (2n ** 31n - 1n) * second + 999_999_999n],
  ['January 2038, the second behind it', 2n ** 31n * second + 1n],
  ['2106, beyond 32 bits unsigned', 2n ** 32n * second + 500n],
  ['2400', 13_569_465_600n * second + 400_000_100n],
  ['2400 with all nine digits', 13_569_465_600n * second + 400_000_001n],
];

function setting(suite: Suite): void {
  for (const [title, time] of exact) {
    const needs: Need[] = time % 100n === 0n ? ['wideTimes'] : ['wideTimes', 'nanoseconds'];
    suite.test(`utimensat is exact: ${title}`, needs, async ({ posix, path }) => {
      await posix.writeFile(path('file'), 'x');
      await posix.utimens(path('file'), time, time + second);
      const file = await posix.stat(path('file'));
      expect([file.atime, file.mtime]).toEqual([time, time + second]);
      await posix.mkdir(path('directory'));
      await posix.utimens(path('directory'), time + second, time);
      const directory = await posix.stat(path('directory'));
      expect([directory.atime, directory.mtime]).toEqual([time + second, time]);
    });
  }

  suite.test('UTIME_OMIT leaves a time', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    await posix.utimens(path('file'), 1100n, 2200n);
    await posix.utimens(path('file'), 'omit', 3300n);
    expect(await atimeAndMtime(posix, path('file'))).toEqual([1100n, 3300n]);
    await posix.utimens(path('file'), 4400n, 'omit');
    expect(await atimeAndMtime(posix, path('file'))).toEqual([4400n, 3300n]);
    await posix.utimens(path('file'), 'omit', 'omit');
    expect(await atimeAndMtime(posix, path('file'))).toEqual([4400n, 3300n]);
  });

  suite.test('UTIME_NOW is now', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    await posix.utimens(path('file'), 1100n, 2200n);
    const before = BigInt(Date.now()) * 1_000_000n - second;
    await posix.utimens(path('file'), 'omit', 'now');
    const [atime, mtime] = await atimeAndMtime(posix, path('file'));
    expect(atime).toBe(1100n);
    expect(mtime).toBeGreaterThan(before);
    expect(mtime).toBeLessThan(BigInt(Date.now()) * 1_000_000n + second);
    await posix.utimens(path('file'), 'now', 2200n);
    const [now, kept] = await atimeAndMtime(posix, path('file'));
    expect(now).toBeGreaterThan(before);
    expect(kept).toBe(2200n);
  });

  suite.test('futimens, also of a file without a name', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.futimens(fd, 123_456_700n, -500n);
    expect(await atimeAndMtime(posix, path('file'))).toEqual([123_456_700n, -500n]);
    await posix.unlink(path('file'));
    await posix.futimens(fd, -700n, 987_654_300n);
    const { atime, mtime } = await posix.fstat(fd);
    expect([atime, mtime]).toEqual([-700n, 987_654_300n]);
  });

  suite.test('times of a symbolic link itself', ['symbolicLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    await posix.symlink('file', path('link'));
    await posix.utimens(path('file'), 1n, 2n);
    await posix.utimens(path('link'), 3n, 4n, false);
    const { atime, mtime, kind } = await posix.lstat(path('link'));
    expect([kind, atime, mtime]).toEqual(['symlink', 3n, 4n]);
    expect(await atimeAndMtime(posix, path('file'))).toEqual([1n, 2n]);
    await posix.utimens(path('link'), 5n, 6n);
    expect(await atimeAndMtime(posix, path('file'))).toEqual([5n, 6n]);
  });

  suite.test('times set while the file is open outlive the close', [], async (scene) => {
    const { posix, path } = scene;
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'written before');
    await posix.futimens(fd, 1_111_111_100n, 2_222_222_200n);
    await posix.fsync(fd);
    await posix.closeFd(fd);
    const [, mtime] = await atimeAndMtime(posix, path('file'));
    expect(mtime).toBe(2_222_222_200n);
  });

  suite.test('times survive renaming and linking', [], async ({ posix, path, target }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.utimens(path('file'), 12_300n, 45_600n);
    await posix.rename(path('file'), path('renamed'));
    if (has(target, 'modes')) await posix.chmod(path('renamed'), 0o600);
    expect(await atimeAndMtime(posix, path('renamed'))).toEqual([12_300n, 45_600n]);
    if (!has(target, 'hardLinks')) return;
    await posix.link(path('renamed'), path('linked'));
    expect(await atimeAndMtime(posix, path('linked'))).toEqual([12_300n, 45_600n]);
  });

  suite.test('utimensat on a missing name', [], async ({ posix, path }) => {
    await refuses(posix.utimens(path('missing'), 1n, 1n), 'ENOENT');
    expect(await posix.names(path())).toEqual([]);
  });
}

async function atimeAndMtime(posix: Scene['posix'], path: string): Promise<[bigint, bigint]> {
  const { atime, mtime } = await posix.stat(path);
  return [atime, mtime];
}

function fileChanges(suite: Suite): void {
  const both = ['mtime', 'ctime'] as const;

  suite.test('a new file has the time of the moment', [], async ({ posix, path }) => {
    const before = BigInt(Date.now()) * 1_000_000n - second;
    await posix.writeFile(path('file'), '');
    await posix.mkdir(path('directory'));
    const after = BigInt(Date.now()) * 1_000_000n + second;
    for (const name of ['file', 'directory']) {
      const { atime, mtime, ctime } = await posix.stat(path(name));
      for (const time of [atime, mtime, ctime]) {
        expect(time).toBeGreaterThan(before);
        expect(time).toBeLessThan(after);
      }
    }
  });

  suite.test('writing moves mtime and ctime', [], async (scene) => {
    const { posix, path } = scene;
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'first');
    // Over what is there: the size says nothing.
    await moves(scene, path('file'), both, () => posix.pwrite(fd, 'again', 0));
    await moves(scene, path('file'), both, () => posix.pwrite(fd, 'longer', 5));
  });

  suite.test(
    'a write through a shared map moves mtime and ctime',
    ['sharedMaps'],
    async (scene) => {
      const { posix, path } = scene;
      await posix.writeFile(path('file'), Buffer.alloc(4096));
      await moves(scene, path('file'), both, async () => {
        const fd = await posix.open(path('file'), 'RDWR');
        const map = await posix.map(fd, 4096);
        await posix.mapWrite(map, 0, 'mapped');
        await posix.msync(map);
        await posix.unmap(map);
        await posix.closeFd(fd);
      });
    },
  );

  suite.test('truncation moves mtime and ctime', [], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'content');
    await moves(scene, path('file'), both, () => posix.truncate(path('file'), 3));
    await moves(scene, path('file'), both, () => posix.truncate(path('file'), 30));
    const empty = async (): Promise<void> => posix.writeFile(path('file'), '');
    await moves(scene, path('file'), both, empty);
  });

  const changing = ['root', 'ownership', 'modes', 'changeTimes'] as const;
  suite.test('chmod, chown and utimensat move ctime', changing, async (scene) => {
    const { posix, path } = scene;
    const file = path('file');
    await posix.writeFile(file, 'content');
    await moves(scene, file, ['ctime'], () => posix.chmod(file, 0o600), []);
    await moves(scene, file, ['ctime'], () => posix.chown(file, 1001, 1001), []);
    await moves(scene, file, [], () => posix.utimens(file, 'omit', 'omit'), []);
    await moves(scene, file, ['ctime'], () => posix.utimens(file, 5n, 5n), ['atime', 'mtime']);
  });

  suite.test('xattrs move ctime', ['xattrs', 'changeTimes'], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'content');
    const set = (): Promise<void> => posix.setxattr(path('file'), 'user.name', 'value');
    await moves(scene, path('file'), ['ctime'], set, []);
  });

  suite.test('link, rename and unlink move ctime', ['hardLinks', 'changeTimes'], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'content');
    const file = path('file');
    await moves(scene, file, ['ctime'], () => posix.link(file, path('linked')), []);
    await moves(scene, file, ['ctime'], () => posix.unlink(path('linked')), []);
    const before = await posix.stat(file);
    await past(scene, before.ctime);
    await posix.rename(file, path('renamed'));
    const after = await posix.stat(path('renamed'));
    expect(after.ctime).toBeGreaterThan(before.ctime);
    expect(after.mtime).toBe(before.mtime);
  });

  suite.test('reading moves nothing but atime', [], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'content');
    await moves(scene, path('file'), [], () => posix.readFile(path('file')));
    await moves(scene, path(), [], () => posix.listdir(path()));
    await moves(scene, path('file'), [], () => posix.stat(path('file')), []);
  });

  suite.test('reading moves atime', ['accessTimes'], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'content');
    // Older than mtime: so relatime does it too.
    await posix.utimens(path('file'), 1_000n * second, 2_000n * second);
    await moves(scene, path('file'), ['atime'], () => posix.readFile(path('file')), ['ctime']);
  });
}

function directoryChanges(suite: Suite): void {
  const both = ['mtime', 'ctime'] as const;

  suite.test('making and removing names moves the directory', [], async (scene) => {
    const { posix, path, target } = scene;
    const at = path('directory');
    await posix.mkdir(at);
    const name = (last: string): string => path('directory', last);
    await moves(scene, at, both, () => posix.writeFile(name('file'), ''));
    await moves(scene, at, both, () => posix.mkdir(name('sub')));
    if (has(target, 'symbolicLinks')) {
      await moves(scene, at, both, () => posix.symlink('x', name('link')));
    }
    await moves(scene, at, both, () => posix.rename(name('file'), name('renamed')));
    await moves(scene, at, both, () => posix.rmdir(name('sub')));
    await moves(scene, at, both, () => posix.unlink(name('renamed')));
  });

  suite.test('a rename moves both directories', [], async (scene) => {
    const { posix, path } = scene;
    await posix.mkdir(path('from'));
    await posix.mkdir(path('to'));
    await posix.writeFile(path('from', 'file'), '');
    const move = (): Promise<void> => posix.rename(path('from', 'file'), path('to', 'file'));
    const back = (): Promise<void> => posix.rename(path('to', 'file'), path('from', 'file'));
    await moves(scene, path('from'), both, move);
    await moves(scene, path('from'), both, back);
    await moves(scene, path('to'), both, move);
  });

  suite.test('changing a file leaves its directory', [], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), '');
    await moves(scene, path(), both, async () => {
      // The clock's own probe lies beside the directory, so this is the first change in it.
      await posix.writeFile(path('other'), '');
    });
    await moves(scene, path(), [], async () => {
      await posix.writeFile(path('file'), 'content');
      if (has(scene.target, 'modes')) await posix.chmod(path('file'), 0o600);
    });
  });

  suite.test('a birth time stays', ['birthTime'], async (scene) => {
    const { posix, path } = scene;
    const before = BigInt(Date.now()) * 1_000_000n - second;
    await posix.writeFile(path('file'), 'x');
    const born = await posix.birthTime(path('file'));
    expect(born).toBeGreaterThan(before);
    expect(born).toBeLessThan(before + 60n * second);
    await past(scene, (await posix.stat(path('file'))).mtime);
    await posix.writeFile(path('file'), 'rewritten');
    if (has(scene.target, 'modes')) await posix.chmod(path('file'), 0o600);
    await posix.utimens(path('file'), 500n, 500n);
    await posix.rename(path('file'), path('renamed'));
    expect(await posix.birthTime(path('renamed'))).toBe(born);
  });
}

/** Times: kept as they are set, moved by what moves them. */
export function times(suite: Suite): void {
  describe('times', () => {
    setting(suite);
    fileChanges(suite);
    directoryChanges(suite);
  });
}
