import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Posix } from '../support/posix.js';
import { refuses } from './suite.js';
import { openMirrorfs, type MountedTarget } from './targets.js';

/** A volume that is mounted write-protected: everything is there, nothing can be changed. */
describe('mirrorfs --write-protect', () => {
  let target: MountedTarget;
  let posix: Posix;
  const at = (...names: string[]): string => join(target.mountPoint, ...names);

  beforeAll(async () => {
    target = await openMirrorfs('--write-protect');
    posix = new Posix();
    mkdirSync(join(target.backing, 'directory'));
    writeFileSync(join(target.backing, 'file'), 'content');
    writeFileSync(join(target.backing, 'directory', 'child'), 'child');
    symlinkSync('file', join(target.backing, 'link'));
  });

  afterAll(async () => {
    await posix.close();
    await target.close();
  });

  test('reads', async () => {
    expect(await posix.names(at())).toEqual(['directory', 'file', 'link']);
    expect(await posix.readText(at('link'))).toBe('content');
    expect(await posix.readText(at('directory', 'child'))).toBe('child');
    expect((await posix.stat(at('file'))).size).toBe(7);
    expect((await posix.readlink(at('link'))).toString()).toBe('file');
  });

  test('says so to statvfs', async () => {
    const readOnly = 1;
    expect((await posix.statvfs(at())).flag & readOnly).toBe(readOnly);
  });

  const changes: readonly [title: string, change: () => Promise<unknown>][] = [
    ['open for writing', () => posix.open(at('file'), 'WRONLY')],
    ['open for both', () => posix.open(at('file'), 'RDWR')],
    ['open with O_TRUNC', () => posix.open(at('file'), 'RDONLY|TRUNC')],
    ['create', () => posix.open(at('new'), 'RDWR|CREAT')],
    ['create for reading', () => posix.open(at('directory', 'new'), 'RDONLY|CREAT')],
    ['mknod', () => posix.mknod(at('new'), 0o100644)],
    ['mkdir', () => posix.mkdir(at('new'))],
    ['symlink', () => posix.symlink('x', at('new'))],
    ['link', () => posix.link(at('file'), at('new'))],
    ['unlink', () => posix.unlink(at('file'))],
    ['unlink of a link', () => posix.unlink(at('link'))],
    ['rmdir', () => posix.rmdir(at('directory'))],
    ['rename', () => posix.rename(at('file'), at('new'))],
    ['rename over a file', () => posix.rename(at('file'), at('directory', 'child'))],
    ['truncate', () => posix.truncate(at('file'), 0)],
    ['chmod', () => posix.chmod(at('file'), 0o600)],
    ['chown', () => posix.chown(at('file'), 1, 1)],
    ['utimensat', () => posix.utimens(at('file'), 1n, 1n)],
    ['setxattr', () => posix.setxattr(at('file'), 'user.name', 'x')],
    ['removexattr', () => posix.removexattr(at('file'), 'user.name')],
    ['access for writing', () => posix.access(at('file'), 2)],
  ];
  test.each(changes)('%s is EROFS', async (_title, change) => {
    await refuses(change(), 'EROFS');
    expect(await posix.names(at())).toEqual(['directory', 'file', 'link']);
    expect(readFileSync(join(target.backing, 'file'), 'utf8')).toBe('content');
  });

  test('what is there and what is missing are told apart all the same', async () => {
    await refuses(posix.open(at('missing'), 'RDONLY'), 'ENOENT');
    await refuses(posix.open(at('file'), 'RDONLY|CREAT|EXCL'), 'EEXIST');
    await posix.closeFd(await posix.open(at('file'), 'RDONLY|CREAT'));
    await refuses(posix.mkdir(at('directory')), 'EEXIST');
  });

  test('changes behind it are seen', async () => {
    writeFileSync(join(target.backing, 'later'), 'later');
    expect(await posix.readText(at('later'))).toBe('later');
  });
});
