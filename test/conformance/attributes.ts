import { describe, expect } from 'vitest';
import { NOBODY, refuses, type Suite } from './suite.js';
import { has } from './target.js';

const modes = [
  0o000, 0o400, 0o644, 0o755, 0o777, 0o111, 0o4755, 0o2755, 0o1777, 0o7777, 0o6711, 0o2644,
];

function chmod(suite: Suite): void {
  suite.test('chmod of a file keeps all twelve bits', ['modes'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    const before = await posix.stat(path('file'));
    for (const mode of modes) {
      await posix.chmod(path('file'), mode);
      const after = await posix.stat(path('file'));
      expect(after.mode.toString(8)).toBe(mode.toString(8));
      expect([after.kind, after.size, after.ino]).toEqual(['file', 7, before.ino]);
      expect(after.mtime).toBe(before.mtime);
    }
    expect(await posix.readText(path('file'))).toBe('content');
  });

  suite.test('chmod of a directory keeps all twelve bits', ['modes'], async (scene) => {
    const { posix, path } = scene;
    await posix.mkdir(path('directory'));
    for (const mode of modes) {
      await posix.chmod(path('directory'), mode);
      const after = await posix.stat(path('directory'));
      expect(after.mode.toString(8)).toBe(mode.toString(8));
      expect(after.kind).toBe('directory');
    }
  });

  suite.test('fchmod', ['modes'], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDONLY|CREAT');
    for (const mode of modes) {
      await posix.fchmod(fd, mode);
      expect((await posix.fstat(fd)).mode).toBe(mode);
      expect((await posix.stat(path('file'))).mode).toBe(mode);
    }
  });

  suite.test('chmod goes through a symbolic link', ['symbolicLinks', 'modes'], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), '');
    await posix.symlink('file', path('link'));
    await posix.chmod(path('link'), 0o604);
    expect((await posix.stat(path('file'))).mode).toBe(0o604);
    expect((await posix.lstat(path('link'))).mode).toBe(0o777);
  });

  suite.test('only the owner and root may chmod', ['root', 'otherUsers'], async (scene) => {
    const { posix, path } = scene;
    const nobody = scene.helper({ uid: NOBODY });
    await posix.writeFile(path('file'), '');
    await posix.chmod(path('file'), 0o666);
    await refuses(nobody.chmod(path('file'), 0o777), 'EPERM');
    await nobody.writeFile(path('own'), '');
    await nobody.chmod(path('own'), 0o700);
    expect((await posix.stat(path('file'))).mode).toBe(0o666);
    expect((await posix.stat(path('own'))).mode).toBe(0o700);
  });

  suite.test(
    'setgid is dropped for a group the owner is not in',
    ['root', 'ownership'],
    async (s) => {
      const nobody = s.helper({ uid: NOBODY });
      await s.posix.writeFile(s.path('file'), '');
      await s.posix.chown(s.path('file'), NOBODY, 1234);
      await nobody.chmod(s.path('file'), 0o2755);
      expect((await s.posix.stat(s.path('file'))).mode).toBe(0o755);
    },
  );
}

function chown(suite: Suite): void {
  suite.test('chown', ['root', 'ownership'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    await posix.chown(path('file'), 1001, 1002);
    const ids = async (): Promise<number[]> => {
      const { uid, gid } = await posix.stat(path('file'));
      return [uid, gid];
    };
    expect(await ids()).toEqual([1001, 1002]);
    await posix.chown(path('file'), -1, 1003);
    expect(await ids()).toEqual([1001, 1003]);
    await posix.chown(path('file'), 1004, -1);
    expect(await ids()).toEqual([1004, 1003]);
    await posix.chown(path('file'), -1, -1);
    expect(await ids()).toEqual([1004, 1003]);
    const fd = await posix.open(path('file'), 'RDONLY');
    await posix.fchown(fd, 0xfffffffe, 70_000);
    expect(await ids()).toEqual([0xfffffffe, 70_000]);
  });

  suite.test('chown of a directory', ['root', 'ownership', 'modes'], async (scene) => {
    const { posix, path } = scene;
    await posix.mkdir(path('directory'));
    await posix.chmod(path('directory'), 0o2775);
    await posix.chown(path('directory'), 1001, 1002);
    const found = await posix.stat(path('directory'));
    // A directory's setgid says whose its files will be; a new owner changes nothing in that.
    expect([found.uid, found.gid, found.mode]).toEqual([1001, 1002, 0o2775]);
  });

  suite.test('lchown', ['root', 'ownership', 'symbolicLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '');
    await posix.symlink('file', path('link'));
    await posix.lchown(path('link'), 1001, 1002);
    const link = await posix.lstat(path('link'));
    expect([link.kind, link.uid, link.gid]).toEqual(['symlink', 1001, 1002]);
    expect((await posix.stat(path('file'))).uid).toBe(0);
    await posix.chown(path('link'), 1003, 1004);
    expect((await posix.stat(path('file'))).uid).toBe(1003);
    expect((await posix.readlink(path('link'))).toString()).toBe('file');
  });

  suite.test(
    'chown takes setuid and setgid away',
    ['root', 'ownership', 'modes'],
    async (scene) => {
      const { posix, path } = scene;
      await posix.writeFile(path('program'), '');
      await posix.chmod(path('program'), 0o6755);
      await posix.chown(path('program'), 1001, 1002);
      expect((await posix.stat(path('program'))).mode).toBe(0o755);
    },
  );

  suite.test('nobody gives files away', ['root', 'otherUsers', 'ownership'], async (scene) => {
    const nobody = scene.helper({ uid: NOBODY });
    await nobody.writeFile(scene.path('own'), '');
    await refuses(nobody.chown(scene.path('own'), 0, -1), 'EPERM');
    await refuses(nobody.chown(scene.path('own'), -1, 0), 'EPERM');
    await nobody.chown(scene.path('own'), NOBODY, NOBODY);
    const found = await scene.posix.stat(scene.path('own'));
    expect([found.uid, found.gid]).toEqual([NOBODY, NOBODY]);
  });
}

function changedByOthers(suite: Suite): void {
  const needs = ['root', 'otherUsers', 'ownership', 'modes'] as const;

  suite.test('a write by another user clears setuid and setgid', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = scene.helper({ uid: NOBODY });
    await posix.writeFile(path('program'), 'old');
    await posix.chmod(path('program'), 0o6777);
    const fd = await nobody.open(path('program'), 'WRONLY');
    expect((await posix.stat(path('program'))).mode).toBe(0o6777);
    await nobody.write(fd, 'new');
    expect((await posix.stat(path('program'))).mode).toBe(0o777);
    await nobody.closeFd(fd);
    expect((await posix.stat(path('program'))).mode).toBe(0o777);
  });

  suite.test('a truncation by another user clears setuid', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = scene.helper({ uid: NOBODY });
    await posix.writeFile(path('program'), 'content');
    await posix.chmod(path('program'), 0o4777);
    await nobody.truncate(path('program'), 3);
    expect((await posix.stat(path('program'))).mode).toBe(0o777);
    await posix.chmod(path('program'), 0o4777);
    await nobody.closeFd(await nobody.open(path('program'), 'WRONLY|TRUNC'));
    expect((await posix.stat(path('program'))).mode).toBe(0o777);
  });

  suite.test('a write by root keeps setuid', needs, async ({ posix, path }) => {
    await posix.writeFile(path('program'), 'old');
    await posix.chmod(path('program'), 0o4755);
    const fd = await posix.open(path('program'), 'WRONLY');
    await posix.write(fd, 'new');
    expect((await posix.stat(path('program'))).mode).toBe(0o4755);
  });

  suite.test('who makes a file owns it', needs, async ({ posix, path, helper }) => {
    const nobody = helper({ uid: NOBODY });
    await nobody.writeFile(path('file'), '');
    await nobody.mkdir(path('directory'));
    await nobody.symlink('file', path('link'));
    await nobody.mknod(path('node'), 0o100600);
    for (const name of ['file', 'directory', 'link', 'node']) {
      const { uid, gid } = await posix.lstat(path(name));
      expect([name, uid, gid]).toEqual([name, NOBODY, NOBODY]);
    }
  });

  suite.test('a setgid directory hands its group down', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = scene.helper({ uid: NOBODY });
    await posix.mkdir(path('team'));
    await posix.chown(path('team'), 0, 1234);
    await posix.chmod(path('team'), 0o2777);
    await nobody.writeFile(path('team', 'file'), '');
    await nobody.mkdir(path('team', 'directory'));
    const file = await posix.stat(path('team', 'file'));
    const directory = await posix.stat(path('team', 'directory'));
    expect([file.uid, file.gid, file.mode]).toEqual([NOBODY, 1234, 0o644]);
    expect([directory.uid, directory.gid, directory.mode]).toEqual([NOBODY, 1234, 0o2755]);
  });
}

function counts(suite: Suite): void {
  suite.test('the link count of a file', ['hardLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('one'), '');
    const count = async (): Promise<number> => (await posix.stat(path('one'))).nlink;
    expect(await count()).toBe(1);
    await posix.link(path('one'), path('two'));
    expect(await count()).toBe(2);
    await posix.link(path('two'), path('three'));
    expect(await count()).toBe(3);
    await posix.unlink(path('two'));
    expect(await count()).toBe(2);
    await posix.writeFile(path('other'), '');
    await posix.rename(path('other'), path('three'));
    expect(await count()).toBe(1);
  });

  suite.test('the link count of a directory', [], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('directory', 'file'), '');
    // 1 says "not counted"; any other number must be the number of subdirectories and 2.
    const check = async (children: number): Promise<void> => {
      expect([1, 2 + children]).toContain((await posix.stat(path('directory'))).nlink);
    };
    await check(0);
    await posix.mkdir(path('directory', 'a'));
    await posix.mkdir(path('directory', 'b'));
    await check(2);
    await posix.rename(path('directory', 'b'), path('b'));
    await check(1);
    await posix.rmdir(path('directory', 'a'));
    await check(0);
  });

  suite.test('an inode is one file', [], async ({ posix, path, target }) => {
    const names = Array.from({ length: 50 }, (_, index) => `file-${String(index)}`);
    for (const name of names) await posix.writeFile(path(name), name);
    const inodes = new Set<bigint>();
    for (const name of names) inodes.add((await posix.stat(path(name))).ino);
    expect(inodes.size).toBe(50);
    const first = await posix.stat(path('file-0'));
    await posix.rename(path('file-0'), path('renamed'));
    expect((await posix.stat(path('renamed'))).ino).toBe(first.ino);
    if (has(target, 'hardLinks')) {
      await posix.link(path('renamed'), path('linked'));
      expect((await posix.stat(path('linked'))).ino).toBe(first.ino);
    }
    expect((await posix.stat(path())).dev).toBe(first.dev);
  });

  suite.test('stat, lstat and fstat agree', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT', 0o640);
    await posix.write(fd, 'some content');
    await posix.fsync(fd);
    const found = await posix.fstat(fd);
    expect(await posix.stat(path('file'))).toEqual(found);
    expect(await posix.lstat(path('file'))).toEqual(found);
    expect(found.blksize).toBeGreaterThanOrEqual(512);
  });

  suite.test('access(2) answers for the modes', ['root', 'otherUsers'], async (scene) => {
    const { posix, path } = scene;
    const nobody = scene.helper({ uid: NOBODY });
    await posix.writeFile(path('file'), '');
    for (let bits = 0; bits < 8; bits += 1) {
      await posix.chmod(path('file'), 0o700 | bits);
      for (const asked of [0, 1, 2, 4, 3, 5, 6, 7]) {
        const answer = nobody.access(path('file'), asked);
        if ((bits & asked) === asked) await answer;
        else await refuses(answer, 'EACCES');
      }
    }
    // Root may read anything, but execute only what somebody may.
    await posix.chmod(path('file'), 0o000);
    await posix.access(path('file'), 6);
    await refuses(posix.access(path('file'), 1), 'EACCES');
  });
}

/** Modes, owners, link counts, inode numbers. */
export function attributes(suite: Suite): void {
  describe('attributes', () => {
    chmod(suite);
    chown(suite);
    changedByOthers(suite);
    counts(suite);
  });
}
