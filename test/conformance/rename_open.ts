import { expect } from 'vitest';
import { RENAME_EXCHANGE } from '../support/posix.js';
import { pattern, refuses, sameBytes, type Suite } from './suite.js';
import { has, linksWithoutName } from './target.js';

/** Renames around files and directories that are open. */
export function renameOpen(suite: Suite): void {
  suite.test('over an open file: the open keeps the old one', [], async (scene) => {
    const { posix, path, target } = scene;
    const old = pattern(50_000, 1);
    await posix.writeFile(path('target'), old);
    await posix.writeFile(path('source'), 'new content');
    const fd = await posix.open(path('target'), 'RDWR');
    await posix.rename(path('source'), path('target'));
    sameBytes(await posix.pread(fd, 60_000, 0), old);
    const found = await posix.fstat(fd);
    expect([found.nlink, found.size]).toEqual([linksWithoutName(target), 50_000]);
    await posix.pwrite(fd, 'still mine', 0);
    await posix.ftruncate(fd, 10);
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('still mine');
    expect(await posix.readText(path('target'))).toBe('new content');
    expect((await posix.stat(path('target'))).ino).not.toBe(found.ino);
    await posix.closeFd(fd);
    expect(await posix.names(path())).toEqual(['target']);
  });

  suite.test('of an open file: it goes on under the new name', [], async (scene) => {
    const { posix, path, target } = scene;
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'before ');
    await posix.mkdir(path('directory'));
    await posix.rename(path('file'), path('directory', 'renamed'));
    await posix.write(fd, 'after');
    expect(await posix.readText(path('directory', 'renamed'))).toBe('before after');
    await posix.ftruncate(fd, 6);
    if (has(target, 'modes')) await posix.fchmod(fd, 0o600);
    const found = await posix.stat(path('directory', 'renamed'));
    expect(found.size).toBe(6);
    if (has(target, 'modes')) expect(found.mode).toBe(0o600);
    expect(await posix.fstat(fd)).toEqual(found);
    // Another file under the old name is nothing to this open.
    await posix.writeFile(path('file'), 'another');
    await posix.pwrite(fd, 'BEFORE', 0);
    expect(await posix.readText(path('file'))).toBe('another');
    expect(await posix.readText(path('directory', 'renamed'))).toBe('BEFORE');
    await posix.unlink(path('directory', 'renamed'));
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('BEFORE');
    expect((await posix.fstat(fd)).nlink).toBe(linksWithoutName(target));
  });

  suite.test('of an open file over an open file', [], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('source'), 'source');
    await posix.writeFile(path('target'), 'target');
    const source = await posix.open(path('source'), 'RDWR');
    const target = await posix.open(path('target'), 'RDWR');
    await posix.rename(path('source'), path('target'));
    expect((await posix.pread(source, 10, 0)).toString()).toBe('source');
    expect((await posix.pread(target, 10, 0)).toString()).toBe('target');
    await posix.pwrite(source, 'SOURCE', 0);
    await posix.pwrite(target, 'TARGET', 0);
    expect(await posix.readText(path('target'))).toBe('SOURCE');
    expect((await posix.pread(target, 10, 0)).toString()).toBe('TARGET');
    const counts = [(await posix.fstat(source)).nlink, (await posix.fstat(target)).nlink];
    expect(counts).toEqual([1, linksWithoutName(scene.target)]);
  });

  suite.test('of the parents of open files', [], async ({ posix, path, target }) => {
    await posix.mkdir(path('a'));
    await posix.mkdir(path('a', 'b'));
    const fd = await posix.open(path('a', 'b', 'file'), 'RDWR|CREAT');
    await posix.write(fd, 'one ');
    const directory = await posix.open(path('a', 'b'), 'RDONLY|DIRECTORY');
    await posix.rename(path('a'), path('moved'));
    await posix.write(fd, 'two ');
    await posix.rename(path('moved', 'b'), path('b'));
    await posix.rename(path('moved'), path('b', 'inside'));
    await posix.write(fd, 'three');
    expect(await posix.readText(path('b', 'file'))).toBe('one two three');
    if (has(target, 'modes')) {
      await posix.fchmod(fd, 0o604);
      expect((await posix.stat(path('b', 'file'))).mode).toBe(0o604);
    }
    const made = await posix.open('by-descriptor', 'RDWR|CREAT', 0o666, directory);
    await posix.write(made, 'x');
    expect(await posix.names(path('b'))).toEqual(['by-descriptor', 'file', 'inside']);
    const again = await posix.open('file', 'RDONLY', 0, directory);
    expect((await posix.read(again, 100)).toString()).toBe('one two three');
  });

  suite.test('of parents, another tree taking the old name', [], async (scene) => {
    const { posix, path, target } = scene;
    await posix.mkdir(path('tree'));
    const fd = await posix.open(path('tree', 'file'), 'RDWR|CREAT');
    await posix.write(fd, 'old tree');
    await posix.rename(path('tree'), path('old'));
    await posix.mkdir(path('tree'));
    await posix.writeFile(path('tree', 'file'), 'new tree');
    await posix.pwrite(fd, 'OLD', 0);
    if (has(target, 'modes')) await posix.fchmod(fd, 0o600);
    expect(await posix.readText(path('old', 'file'))).toBe('OLD tree');
    expect(await posix.readText(path('tree', 'file'))).toBe('new tree');
    expect((await posix.stat(path('tree', 'file'))).mode).toBe(0o644);
    await posix.unlink(path('old', 'file'));
    expect((await posix.pread(fd, 20, 0)).toString()).toBe('OLD tree');
    expect(await posix.readText(path('tree', 'file'))).toBe('new tree');
  });

  suite.test('EXCHANGE of open files and trees', ['exchange'], async ({ posix, path }) => {
    for (const name of ['a', 'b']) {
      await posix.mkdir(path(name));
      await posix.writeFile(path(name, 'file'), `in ${name}`);
    }
    const a = await posix.open(path('a', 'file'), 'RDWR');
    const b = await posix.open(path('b', 'file'), 'RDWR');
    await posix.renameat2(path('a'), path('b'), RENAME_EXCHANGE);
    await posix.pwrite(a, 'A', 0);
    await posix.pwrite(b, 'B', 0);
    expect(await posix.readText(path('b', 'file'))).toBe('An a');
    expect(await posix.readText(path('a', 'file'))).toBe('Bn b');
    await posix.renameat2(path('a', 'file'), path('b', 'file'), RENAME_EXCHANGE);
    await posix.pwrite(a, '2', 1);
    expect(await posix.readText(path('a', 'file'))).toBe('A2 a');
    expect(await posix.readText(path('b', 'file'))).toBe('Bn b');
    await posix.unlink(path('a', 'file'));
    expect([(await posix.fstat(a)).nlink, (await posix.fstat(b)).nlink]).toEqual([0, 1]);
  });

  suite.test('of the working directory and what is above', [], async ({ posix, path }) => {
    await posix.mkdir(path('above'));
    await posix.mkdir(path('above', 'here'));
    await posix.chdir(path('above', 'here'));
    await posix.writeFile('file', 'one');
    await posix.rename(path('above'), path('renamed'));
    await posix.writeFile('second', 'two');
    expect(await posix.readText('file')).toBe('one');
    expect((await posix.getcwd()).toString()).toBe(path('renamed', 'here'));
    await posix.rename('../here', '../there');
    await posix.rename('file', 'third');
    expect(await posix.names(path('renamed', 'there'))).toEqual(['second', 'third']);
    await posix.mkdir('sub');
    await posix.rename(path('renamed', 'there'), path('out'));
    expect(await posix.names('.')).toEqual(['second', 'sub', 'third']);
    expect((await posix.stat('..')).ino).toBe((await posix.stat(path())).ino);
  });

  suite.test('of a directory that is being listed', [], async ({ posix, path, many }) => {
    const count = many(2000);
    await posix.mkdir(path('directory'));
    await posix.createMany(path('directory'), 'file', count);
    const stream = await posix.opendir(path('directory'));
    const first = await posix.readdir(stream, many(500));
    await posix.rename(path('directory'), path('renamed'));
    const rest = await posix.readdir(stream, 5000);
    expect(first.length + rest.length).toBe(count + 2);
    await posix.rewinddir(stream);
    expect((await posix.readdir(stream, 5000)).length).toBe(count + 2);
  });

  suite.test('over a directory that is open', ['replacedDirectories'], async ({ posix, path }) => {
    await posix.mkdir(path('target'));
    await posix.mkdir(path('source'));
    await posix.writeFile(path('source', 'file'), 'x');
    const old = await posix.open(path('target'), 'RDONLY|DIRECTORY');
    await posix.rename(path('source'), path('target'));
    expect(await posix.names(path('target'))).toEqual(['file']);
    await refuses(posix.open('file', 'RDONLY', 0, old), 'ENOENT');
    await refuses(posix.open('new', 'RDWR|CREAT', 0o666, old), 'ENOENT');
    expect(await posix.names(path('target'))).toEqual(['file']);
  });
}
