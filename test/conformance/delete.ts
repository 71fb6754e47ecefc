import { describe, expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { pattern, refuses, sameBytes, type Suite } from './suite.js';
import { has, linksWithoutName } from './target.js';

function openFiles(suite: Suite): void {
  suite.test('an unlinked open file goes on', [], async ({ posix, path, target }) => {
    const data = pattern(100_000, 1);
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, data);
    const { ino } = await posix.fstat(fd);
    await posix.unlink(path('file'));
    await refuses(posix.stat(path('file')), 'ENOENT');
    expect(await posix.names(path())).toEqual([]);
    const found = await posix.fstat(fd);
    expect([found.size, found.ino]).toEqual([100_000, ino]);
    expect(found.nlink).toBe(linksWithoutName(target));
    sameBytes(await posix.pread(fd, 200_000, 0), data);
    await posix.pwrite(fd, 'end', 200_000);
    expect((await posix.fstat(fd)).size).toBe(200_003);
    expect((await posix.pread(fd, 10, 200_000)).toString()).toBe('end');
    expect((await posix.pread(fd, 10, 150_000)).equals(Buffer.alloc(10))).toBe(true);
    await posix.ftruncate(fd, 5);
    expect((await posix.fstat(fd)).size).toBe(5);
    await posix.fsync(fd);
    sameBytes(await posix.pread(fd, 100, 0), data.subarray(0, 5));
  });

  const needs = ['root', 'modes', 'ownership', 'nanoseconds'] as const;
  suite.test('attributes of an unlinked open file', needs, async (scene) => {
    const { posix, path } = scene;
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.unlink(path('file'));
    await posix.fchmod(fd, 0o640);
    await posix.fchown(fd, 1001, 1002);
    await posix.futimens(fd, 123n, 456n);
    const found = await posix.fstat(fd);
    expect([found.mode, found.uid, found.gid]).toEqual([0o640, 1001, 1002]);
    expect([found.atime, found.mtime]).toEqual([123n, 456n]);
  });

  suite.test('unlinked while another process has it open', [], async (scene) => {
    const { posix, path } = scene;
    const other = scene.helper();
    await posix.writeFile(path('file'), 'content');
    const fd = await other.open(path('file'), 'RDWR');
    const second = await other.open(path('file'), 'RDONLY');
    await posix.unlink(path('file'));
    expect((await other.read(fd, 100)).toString()).toBe('content');
    await other.pwrite(fd, 'CONTENT', 0);
    expect((await other.pread(second, 100, 0)).toString()).toBe('CONTENT');
    await other.closeFd(fd);
    expect((await other.pread(second, 100, 0)).toString()).toBe('CONTENT');
    expect((await other.fstat(second)).nlink).toBe(linksWithoutName(scene.target));
  });

  suite.test('the name is free at once for another file', [], async (scene) => {
    const { posix, path, target } = scene;
    const opens: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const fd = await posix.open(path('file'), 'RDWR|CREAT|EXCL');
      await posix.write(fd, `round ${String(round)}`);
      await posix.unlink(path('file'));
      opens.push(fd);
    }
    await posix.writeFile(path('file'), 'the last');
    const inodes = new Set<bigint>([(await posix.stat(path('file'))).ino]);
    for (const [round, fd] of opens.entries()) {
      expect((await posix.pread(fd, 100, 0)).toString()).toBe(`round ${String(round)}`);
      const found = await posix.fstat(fd);
      expect(found.nlink).toBe(linksWithoutName(target));
      inodes.add(found.ino);
    }
    expect(inodes.size).toBe(11);
    for (const fd of opens) await posix.closeFd(fd);
    expect(await posix.readText(path('file'))).toBe('the last');
    expect(await posix.names(path())).toEqual(['file']);
  });

  suite.test('a directory may take the name of an open file', [], async ({ posix, path }) => {
    const fd = await posix.open(path('name'), 'RDWR|CREAT');
    await posix.write(fd, 'file');
    await posix.unlink(path('name'));
    await posix.mkdir(path('name'));
    await posix.writeFile(path('name', 'child'), 'child');
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('file');
    expect((await posix.fstat(fd)).kind).toBe('file');
    await posix.closeFd(fd);
    expect(await posix.readText(path('name', 'child'))).toBe('child');
  });

  suite.test('one name of two goes, the file stays', ['hardLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('one'), 'content');
    await posix.link(path('one'), path('two'));
    const fd = await posix.open(path('one'), 'RDWR');
    await posix.unlink(path('one'));
    expect((await posix.fstat(fd)).nlink).toBe(1);
    await posix.pwrite(fd, 'CON', 0);
    expect(await posix.readText(path('two'))).toBe('CONtent');
    await posix.unlink(path('two'));
    expect((await posix.fstat(fd)).nlink).toBe(0);
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('CONtent');
  });

  suite.test('an unlinked file opened again through /proc', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    await posix.unlink(path('file'));
    const again = await posix.open(`/proc/self/fd/${String(fd)}`, 'RDWR');
    expect((await posix.read(again, 100)).toString()).toBe('content');
    await posix.closeFd(fd);
    await posix.pwrite(again, 'CON', 0);
    expect((await posix.pread(again, 100, 0)).toString()).toBe('CONtent');
  });

  suite.test('the parent of an unlinked open file goes too', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    const fd = await posix.open(path('directory', 'file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    await posix.unlink(path('directory', 'file'));
    // Nothing hidden may be left in it, or this is ENOTEMPTY.
    expect(await posix.names(path('directory'))).toEqual([]);
    await posix.rmdir(path('directory'));
    await posix.write(fd, ' and more');
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('content and more');
    expect((await posix.fstat(fd)).size).toBe(16);
  });

  suite.test('storage comes back when the last open is closed', [], async ({ posix, path }) => {
    const part = pattern(4 << 20);
    const free = async (): Promise<number> => {
      const { bfree, frsize } = await posix.statvfs(path());
      return bfree * frsize;
    };
    const size = 64 << 20;
    // Others may use the same disk at the same moment, so one clear sight of it is enough.
    await eventually(
      'free space to grow',
      async () => {
        const fd = await posix.open(path('file'), 'RDWR|CREAT|EXCL');
        for (let at = 0; at < size; at += part.length) await posix.pwrite(fd, part, at);
        await posix.fsync(fd);
        await posix.unlink(path('file'));
        const before = await free();
        await posix.closeFd(fd);
        // The kernel tells the file system of the close when it likes.
        const end = performance.now() + 1_000;
        while (performance.now() < end) if ((await free()) - before > size / 2) return true;
        return false;
      },
      30_000,
    );
  });
}

function refusals(suite: Suite): void {
  suite.test('unlink and rmdir keep to their kinds', [], async ({ posix, path, target }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('file'), 'x');
    await refuses(posix.unlink(path('directory')), 'EISDIR', 'EPERM');
    await refuses(posix.rmdir(path('file')), 'ENOTDIR');
    await refuses(posix.unlink(`${path('file')}/`), 'ENOTDIR');
    await refuses(posix.unlink(path('missing')), 'ENOENT');
    expect(await posix.names(path())).toEqual(['directory', 'file']);
    if (!has(target, 'symbolicLinks')) return;
    await posix.symlink('directory', path('link'));
    await refuses(posix.rmdir(path('link')), 'ENOTDIR');
    expect(await posix.names(path())).toEqual(['directory', 'file', 'link']);
    await posix.unlink(path('link'));
    expect(await posix.names(path())).toEqual(['directory', 'file']);
  });

  suite.test('a directory that is not empty stays', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    for (const kind of ['file', 'directory'] as const) {
      await posix.createMany(path('directory'), 'child', 1, kind);
      await refuses(posix.rmdir(path('directory')), 'ENOTEMPTY', 'EEXIST');
      if (kind === 'file') await posix.unlink(path('directory', 'child00000'));
      else await posix.rmdir(path('directory', 'child00000'));
    }
    await posix.rmdir(path('directory'));
    await refuses(posix.stat(path('directory')), 'ENOENT');
  });

  suite.test('what is gone is gone for everybody', [], async ({ posix, path, helper }) => {
    const other = helper();
    await posix.writeFile(path('file'), 'x');
    expect(await other.readText(path('file'))).toBe('x');
    await posix.unlink(path('file'));
    await refuses(other.stat(path('file')), 'ENOENT');
    await refuses(other.open(path('file'), 'RDONLY'), 'ENOENT');
    await refuses(other.unlink(path('file')), 'ENOENT');
    await refuses(other.rename(path('file'), path('x')), 'ENOENT');
    await refuses(other.chmod(path('file'), 0o600), 'ENOENT');
    await refuses(other.truncate(path('file'), 0), 'ENOENT');
  });

  suite.test('a read-only file is removed like another', ['modes'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.chmod(path('file'), 0o000);
    await posix.unlink(path('file'));
    expect(await posix.names(path())).toEqual([]);
  });
}

function openDirectories(suite: Suite): void {
  suite.test('the working directory is removed', [], async ({ posix, path }) => {
    await posix.mkdir(path('here'));
    await posix.chdir(path('here'));
    await posix.rmdir(path('here'));
    await refuses(posix.getcwd(), 'ENOENT');
    await refuses(posix.open('new', 'RDWR|CREAT'), 'ENOENT');
    await refuses(posix.mkdir('new'), 'ENOENT');
    await refuses(posix.symlink('x', 'new'), 'ENOENT');
    expect(await posix.names('.')).toEqual([]);
    expect(await posix.names(path())).toEqual([]);
    await posix.mkdir(path('here'));
    await refuses(posix.open('new', 'RDWR|CREAT'), 'ENOENT');
    expect(await posix.names(path('here'))).toEqual([]);
  });

  suite.test('an open directory is removed', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    const fd = await posix.open(path('directory'), 'RDONLY|DIRECTORY');
    const { ino } = await posix.fstat(fd);
    await posix.rmdir(path('directory'));
    const found = await posix.fstat(fd);
    expect([found.kind, found.ino]).toEqual(['directory', ino]);
    await refuses(posix.open('new', 'RDWR|CREAT', 0o666, fd), 'ENOENT');
    await posix.writeFile(path('directory'), 'now a file');
    expect(await posix.readText(path('directory'))).toBe('now a file');
    expect((await posix.fstat(fd)).kind).toBe('directory');
  });
}

/** unlink(2) and rmdir(2), above all of what is open. */
export function deletion(suite: Suite): void {
  describe('delete', () => {
    openFiles(suite);
    refusals(suite);
    openDirectories(suite);
  });
}
