import { describe, expect } from 'vitest';
import type { Posix } from '../support/posix.js';
import { NOBODY, refuses, type Scene, type Suite } from './suite.js';

const needs = ['root', 'otherUsers', 'ownership', 'modes'] as const;

const nobodyOf = ({ helper }: Scene): Posix => helper({ uid: NOBODY });

function files(suite: Suite): void {
  for (const owner of ['nobody', 'group', 'others'] as const) {
    suite.test(`the bits for ${owner} decide`, needs, async (scene) => {
      const { posix, path } = scene;
      const nobody = nobodyOf(scene);
      await posix.writeFile(path('file'), '#!/bin/sh\nexit 7\n');
      if (owner === 'nobody') await posix.chown(path('file'), NOBODY, 0);
      if (owner === 'group') await posix.chown(path('file'), 0, NOBODY);
      const shift = { nobody: 6, group: 3, others: 0 }[owner];
      for (let bits = 0; bits < 8; bits += 1) {
        // The bits of the other two classes say the opposite: taking those would show.
        const mode = (((7 ^ bits) * 0o111) & ~(7 << shift)) | (bits << shift);
        await posix.chmod(path('file'), mode);
        const tries: readonly [bit: number, attempt: () => Promise<unknown>][] = [
          // First: what is open for writing does not run.
          [5, () => nobody.execute(path('file'))],
          [4, () => nobody.open(path('file'), 'RDONLY')],
          [2, () => nobody.open(path('file'), 'WRONLY|APPEND')],
          [6, () => nobody.open(path('file'), 'RDWR')],
          [2, () => nobody.truncate(path('file'), 17)],
        ];
        for (const [bit, attempt] of tries) {
          if ((bits & bit) === bit) await attempt();
          // A script that may be executed but not read fails in the shell, with its status.
          else if (bit !== 5 || (bits & 1) === 0) await refuses(attempt(), 'EACCES');
        }
        await nobody.reset();
      }
    });
  }

  suite.test('an open keeps what it was allowed', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.writeFile(path('file'), 'content');
    await posix.chmod(path('file'), 0o666);
    const fd = await nobody.open(path('file'), 'RDWR');
    await posix.chmod(path('file'), 0o000);
    expect((await nobody.read(fd, 10)).toString()).toBe('content');
    await nobody.write(fd, ' and more');
    await nobody.ftruncate(fd, 10);
    await refuses(nobody.open(path('file'), 'RDONLY'), 'EACCES');
    expect(await posix.readText(path('file'))).toBe('content an');
  });

  suite.test('a file made read-only is written by its maker', needs, async (scene) => {
    const nobody = nobodyOf(scene);
    const fd = await nobody.open(scene.path('file'), 'RDWR|CREAT|EXCL', 0o000);
    await nobody.write(fd, 'content');
    expect((await nobody.pread(fd, 10, 0)).toString()).toBe('content');
    await refuses(nobody.open(scene.path('file'), 'RDONLY'), 'EACCES');
    const again = await nobody.open(scene.path('second'), 'WRONLY|CREAT', 0o444);
    await nobody.write(again, 'content');
    await nobody.ftruncate(again, 3);
    expect(await nobody.readText(scene.path('second'))).toBe('con');
  });

  suite.test('times are the owner’s, now is a writer’s', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.writeFile(path('file'), '');
    await posix.chmod(path('file'), 0o666);
    await refuses(nobody.utimens(path('file'), 1n, 1n), 'EPERM');
    await nobody.utimens(path('file'), 'now', 'now');
    await posix.chmod(path('file'), 0o644);
    await refuses(nobody.utimens(path('file'), 'now', 'now'), 'EACCES');
    await nobody.writeFile(path('own'), '');
    await nobody.utimens(path('own'), 1n, 2n);
    expect((await posix.stat(path('own'))).mtime).toBe(2n);
  });
}

function directories(suite: Suite): void {
  suite.test('names change only in a writable directory', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.mkdir(path('closed'));
    await posix.writeFile(path('closed', 'file'), 'content');
    await posix.mkdir(path('closed', 'sub'));
    await posix.chmod(path('closed', 'file'), 0o666);
    await nobody.writeFile(path('own'), 'own');
    await refuses(nobody.open(path('closed', 'new'), 'RDWR|CREAT'), 'EACCES');
    await refuses(nobody.mkdir(path('closed', 'new')), 'EACCES');
    await refuses(nobody.symlink('x', path('closed', 'new')), 'EACCES');
    await refuses(nobody.mknod(path('closed', 'new'), 0o100600), 'EACCES');
    await refuses(nobody.unlink(path('closed', 'file')), 'EACCES');
    await refuses(nobody.rmdir(path('closed', 'sub')), 'EACCES');
    await refuses(nobody.rename(path('closed', 'file'), path('out')), 'EACCES');
    await refuses(nobody.rename(path('own'), path('closed', 'file')), 'EACCES');
    await nobody.writeFile(path('closed', 'file'), 'by nobody');
    expect(await posix.names(path('closed'))).toEqual(['file', 'sub']);
    expect(await posix.readText(path('closed', 'file'))).toBe('by nobody');
  });

  suite.test('searching and listing are two things', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('directory', 'file'), 'content');
    await posix.chmod(path('directory'), 0o711);
    await refuses(nobody.opendir(path('directory')), 'EACCES');
    expect(await nobody.readText(path('directory', 'file'))).toBe('content');
    await posix.chmod(path('directory'), 0o744);
    expect(await nobody.names(path('directory'))).toEqual(['file']);
    await refuses(nobody.stat(path('directory', 'file')), 'EACCES');
    await refuses(nobody.readFile(path('directory', 'file')), 'EACCES');
    await refuses(nobody.stat(path('directory', 'missing')), 'EACCES');
    await refuses(nobody.chdir(path('directory')), 'EACCES');
    await posix.chmod(path('directory'), 0o700);
    await refuses(nobody.stat(path('directory', 'file')), 'EACCES');
    await refuses(nobody.opendir(path('directory')), 'EACCES');
  });

  suite.test('a directory above that is closed', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.mkdir(path('above'));
    await posix.mkdir(path('above', 'inner'));
    await posix.writeFile(path('above', 'inner', 'file'), 'content');
    const fd = await nobody.open(path('above', 'inner', 'file'), 'RDONLY');
    expect(await nobody.readText(path('above', 'inner', 'file'))).toBe('content');
    await posix.chmod(path('above'), 0o700);
    await refuses(nobody.readFile(path('above', 'inner', 'file')), 'EACCES');
    expect((await nobody.read(fd, 10)).toString()).toBe('content');
  });

  suite.test('a sticky directory', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.mkdir(path('sticky'));
    await posix.chmod(path('sticky'), 0o1777);
    await posix.writeFile(path('sticky', 'root'), 'root');
    await posix.chmod(path('sticky', 'root'), 0o666);
    await nobody.writeFile(path('sticky', 'own'), 'own');
    await refuses(nobody.unlink(path('sticky', 'root')), 'EPERM');
    await refuses(nobody.rename(path('sticky', 'root'), path('x')), 'EPERM');
    await refuses(nobody.rename(path('sticky', 'own'), path('sticky', 'root')), 'EPERM');
    await nobody.rename(path('sticky', 'own'), path('sticky', 'renamed'));
    await nobody.unlink(path('sticky', 'renamed'));
    expect(await posix.names(path('sticky'))).toEqual(['root']);
  });

  suite.test('moving a directory needs the directory itself', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await posix.mkdir(path('one'));
    await posix.mkdir(path('two'));
    await posix.chmod(path('one'), 0o777);
    await posix.chmod(path('two'), 0o777);
    await posix.mkdir(path('one', 'sub'), 0o755);
    // Its .. entry changes, and that is a write to it.
    await refuses(nobody.rename(path('one', 'sub'), path('two', 'sub')), 'EACCES');
    await nobody.rename(path('one', 'sub'), path('one', 'renamed'));
    expect(await posix.names(path('one'))).toEqual(['renamed']);
  });

  suite.test('root is not held up', needs, async (scene) => {
    const { posix, path } = scene;
    const nobody = nobodyOf(scene);
    await nobody.mkdir(path('own'));
    await nobody.writeFile(path('own', 'file'), 'content');
    await nobody.chmod(path('own', 'file'), 0o000);
    await nobody.chmod(path('own'), 0o000);
    expect(await posix.readText(path('own', 'file'))).toBe('content');
    await posix.writeFile(path('own', 'file'), 'by root');
    await posix.writeFile(path('own', 'second'), '');
    const found = await posix.stat(path('own', 'file'));
    expect([found.uid, found.mode]).toEqual([NOBODY, 0o000]);
    expect((await posix.stat(path('own', 'second'))).uid).toBe(0);
  });
}

/** Who may do what. */
export function permissions(suite: Suite): void {
  describe('permissions', () => {
    files(suite);
    directories(suite);
  });
}
