import { describe, expect } from 'vitest';
import { refuses, type Scene, type Suite } from './suite.js';
import { has } from './target.js';

const plain = (entries: readonly { name: Buffer }[]): string[] =>
  entries.map(({ name }) => name.toString()).filter((name) => name !== '.' && name !== '..');

/** Reads a stream to its end, in small portions as ls does in large ones. */
async function drain(posix: Scene['posix'], stream: number): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const some = await posix.readdir(stream, 1000);
    found.push(...some.map(({ name }) => name.toString()));
    if (some.length < 1000) return found;
  }
}

const numbered = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `${prefix}${String(from + at).padStart(5, '0')}`);

function making(suite: Suite): void {
  suite.test('a new directory is empty and in its parent', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    expect((await posix.stat(path('directory'))).kind).toBe('directory');
    expect(await posix.names(path('directory'))).toEqual([]);
    expect(await posix.names(path())).toEqual(['directory']);
    const inode = (await posix.stat(path())).ino;
    expect((await posix.stat(path('directory', '..'))).ino).toBe(inode);
    expect((await posix.stat(path('directory', '.'))).ino).not.toBe(inode);
  });

  suite.test('mkdir and rmdir that are refused', [], async ({ posix, path, target }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('directory', 'file'), 'x');
    await refuses(posix.mkdir(path('directory')), 'EEXIST');
    await refuses(posix.mkdir(path('directory', 'file')), 'EEXIST');
    await refuses(posix.mkdir(path('missing', 'directory')), 'ENOENT');
    await refuses(posix.mkdir(path('directory', 'file', 'x')), 'ENOTDIR');
    await refuses(posix.rmdir(path('directory')), 'ENOTEMPTY', 'EEXIST');
    await refuses(posix.rmdir(path('directory', 'file')), 'ENOTDIR');
    await refuses(posix.rmdir(path('missing')), 'ENOENT');
    await refuses(posix.rmdir(`${path('directory')}/.`), 'EINVAL');
    await refuses(posix.rmdir(`${path('directory')}/..`), 'ENOTEMPTY', 'EBUSY');
    expect(await posix.names(path())).toEqual(['directory']);
    expect(await posix.names(path('directory'))).toEqual(['file']);
    if (!has(target, 'symbolicLinks')) return;
    await posix.symlink('missing', path('dangling'));
    await posix.symlink('directory', path('link'));
    await refuses(posix.mkdir(path('dangling')), 'EEXIST');
    await refuses(posix.mkdir(path('link')), 'EEXIST');
    await refuses(posix.rmdir(path('link')), 'ENOTDIR');
    expect(await posix.names(path())).toEqual(['dangling', 'directory', 'link']);
  });

  suite.test('slashes at the end', [], async ({ posix, path }) => {
    await posix.mkdir(`${path('directory')}/`);
    await posix.writeFile(path('file'), 'x');
    expect((await posix.stat(`${path('directory')}///`)).kind).toBe('directory');
    await refuses(posix.stat(`${path('file')}/`), 'ENOTDIR');
    await refuses(posix.open(`${path('new')}/`, 'RDWR|CREAT'), 'EISDIR');
    await posix.rmdir(`${path('directory')}//`);
    expect(await posix.names(path())).toEqual(['file']);
  });

  suite.test('200 directories in each other', [], async ({ posix, path }) => {
    let deep = path();
    for (let level = 0; level < 200; level += 1) {
      deep += `/level-${String(level)}`;
      await posix.mkdir(deep);
    }
    await posix.writeFile(`${deep}/file`, 'at the bottom');
    expect(await posix.readText(`${deep}/file`)).toBe('at the bottom');
    await posix.chdir(deep);
    expect((await posix.getcwd()).toString()).toBe(deep);
    expect(await posix.readText('../level-199/file')).toBe('at the bottom');
    await posix.chdir('/');
    await posix.rename(path('level-0'), path('renamed'));
    const moved = deep.replace('/level-0/', '/renamed/');
    expect(await posix.readText(`${moved}/file`)).toBe('at the bottom');
    await refuses(posix.stat(`${deep}/file`), 'ENOENT');
    await posix.removeTree(path('renamed'));
    expect(await posix.names(path())).toEqual([]);
  });
}

function listing(suite: Suite): void {
  suite.test('entries have the type and inode that stat gives', [], async (scene) => {
    const { posix, path, target } = scene;
    await posix.writeFile(path('file'), '');
    await posix.mkdir(path('directory'));
    const withLink = has(target, 'symbolicLinks');
    if (withLink) await posix.symlink('file', path('link'));
    for (const { name, kind, ino } of await posix.scandir(path())) {
      const found = await posix.lstat(path(name.toString()));
      expect([name.toString(), kind]).toEqual([name.toString(), found.kind]);
      if (has(target, 'listedInodes')) expect(ino, name.toString()).toBe(found.ino);
    }
    expect((await posix.scandir(path())).length).toBe(withLink ? 3 : 2);
  });

  suite.test('. and .. are there once', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('directory', 'file'), '');
    const names = await drain(posix, await posix.opendir(path('directory')));
    expect(names.sort()).toEqual(['.', '..', 'file']);
  });

  suite.test('a listing shows what changed since the last', [], async ({ posix, path, helper }) => {
    const other = helper();
    for (let round = 0; round < 10; round += 1) {
      const name = `file-${String(round)}`;
      await posix.writeFile(path(name), '');
      expect(await other.names(path())).toEqual([name]);
      await other.unlink(path(name));
      expect(await posix.names(path())).toEqual([]);
      await refuses(posix.stat(path(name)), 'ENOENT');
    }
  });

  suite.test('a listing of a directory that was removed', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    const stream = await posix.opendir(path('directory'));
    await posix.rmdir(path('directory'));
    expect(plain(await posix.readdir(stream, 10))).toEqual([]);
    await refuses(posix.opendir(path('directory')), 'ENOENT');
  });

  suite.test('opendir that is refused', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    await refuses(posix.opendir(path('file')), 'ENOTDIR');
    await refuses(posix.opendir(path('missing')), 'ENOENT');
  });

  suite.test('two streams of one directory', [], async ({ posix, path }) => {
    await posix.createMany(path(), 'file', 100);
    const first = await posix.opendir(path());
    const second = await posix.opendir(path());
    const head = plain(await posix.readdir(first, 30));
    expect((await drain(posix, second)).length).toBe(102);
    const tail = (await drain(posix, first)).filter((name) => !name.startsWith('.'));
    expect([...head, ...tail].sort()).toEqual(numbered('file', 0, 100));
  });
}

function positions(suite: Suite): void {
  suite.test('seekdir goes back to where telldir was', [], async ({ posix, path, many }) => {
    const count = many(3000);
    await posix.createMany(path(), 'file', count);
    const stream = await posix.opendir(path());
    const start = await posix.telldir(stream);
    const all = await posix.readdir(stream, 4000);
    expect(all.length).toBe(count + 2);
    const middle = Math.floor(count / 2) - 1;
    for (const at of [0, 1, 2, 100, middle, count - 1, count, count + 1, 17]) {
      await posix.seekdir(stream, all[at]?.position ?? -1n);
      const next = await posix.readdir(stream, 3);
      const wanted = all.slice(at + 1, at + 4);
      expect(next.map(({ name }) => name.toString())).toEqual(
        wanted.map(({ name }) => name.toString()),
      );
    }
    await posix.seekdir(stream, start);
    expect((await drain(posix, stream)).length).toBe(count + 2);
  });

  suite.test('rewinddir shows what is there by then', [], async ({ posix, path }) => {
    await posix.createMany(path(), 'old', 200);
    const stream = await posix.opendir(path());
    expect((await drain(posix, stream)).length).toBe(202);
    await posix.unlinkMany(path(), numbered('old', 50, 200));
    await posix.createMany(path(), 'new', 10);
    await posix.rewinddir(stream);
    const names = (await drain(posix, stream)).filter((name) => !name.startsWith('.'));
    expect(names.sort()).toEqual([...numbered('new', 0, 10), ...numbered('old', 0, 50)]);
  });

  suite.test('deleting entry by entry while reading, as rm -r does', [], async (scene) => {
    const { posix, path } = scene;
    const count = scene.many(2500);
    await posix.createMany(path(), 'file', count);
    const stream = await posix.opendir(path());
    let deleted = 0;
    for (;;) {
      const some = await posix.readdir(stream, 100);
      const names = plain(some);
      await posix.unlinkMany(path(), names);
      deleted += names.length;
      if (some.length < 100) break;
    }
    expect(deleted).toBe(count);
    expect(await posix.names(path())).toEqual([]);
  });
}

function manyEntries(suite: Suite): void {
  const title = '20000 entries: complete, stable while they change, removable';
  const body = async ({ posix, path, helper, many }: Scene): Promise<void> => {
    const count = many(20_000);
    const all = numbered('entry-', 0, count);
    await posix.createMany(path(), 'entry-', count);
    const listed = await posix.names(path());
    expect(listed.length).toBe(count);
    expect(listed).toEqual(all);
    const [afterLast] = numbered('entry-', count, count + 1);
    expect((await posix.stat(path(all.at(-1) ?? ''))).kind).toBe('file');
    await refuses(posix.stat(path(afterLast ?? '')), 'ENOENT');

    // A third of the names go and others come while the listing is under way: what was there all
    // the time must show exactly once, the others at most once.
    const stream = await posix.opendir(path());
    const seen = plain(await posix.readdir(stream, many(3000)));
    const doomed = all.filter((_, index) => index % 3 === 0);
    const stay = all.filter((_, index) => index % 3 !== 0);
    await Promise.all([
      helper().unlinkMany(path(), doomed),
      helper().createMany(path(), 'other-', many(2000)),
    ]);
    seen.push(...(await drain(posix, stream)).filter((name) => !name.startsWith('.')));
    expect(new Set(seen).size).toBe(seen.length);
    const set = new Set(seen);
    expect(stay.filter((name) => !set.has(name))).toEqual([]);

    const now = [...stay, ...numbered('other-', 0, many(2000))];
    expect(await posix.names(path())).toEqual(now);
    await posix.unlinkMany(path(), now);
    expect(await posix.names(path())).toEqual([]);
  };
  suite.test(title, [], body, 120_000);

  suite.test('2000 subdirectories', [], async ({ posix, path, target, many }) => {
    const count = many(2000);
    await posix.createMany(path(), 'sub-', count, 'directory');
    const found = await posix.scandir(path());
    expect(found.map(({ name }) => name.toString())).toEqual(numbered('sub-', 0, count));
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['directory']));
    if (!has(target, 'listedInodes')) return;
    expect(new Set(found.map(({ ino }) => ino)).size).toBe(count);
  });
}

/** Directories: making, listing, positions, many entries. */
export function directories(suite: Suite): void {
  describe('directories', () => {
    making(suite);
    listing(suite);
    positions(suite);
    manyEntries(suite);
  });
}
