import { describe, expect } from 'vitest';
import type { Posix } from '../support/posix.js';
import { refuses, type Scene, type Suite } from './suite.js';
import { has } from './target.js';

/** A call on a path and the errors it gives for what can be wrong with the path. */
interface PathCall {
  name: string;
  call: (posix: Posix, path: string) => Promise<unknown>;
  /** Whether the last component is to be made: then only its parents can be missing. */
  makes?: boolean;
}

const pathCalls: readonly PathCall[] = [
  { name: 'open', call: (posix, path) => posix.open(path, 'RDONLY') },
  { name: 'creat', call: (posix, path) => posix.open(path, 'RDWR|CREAT'), makes: true },
  { name: 'stat', call: (posix, path) => posix.stat(path) },
  { name: 'access', call: (posix, path) => posix.access(path, 0) },
  { name: 'chmod', call: (posix, path) => posix.chmod(path, 0o600) },
  { name: 'chown', call: (posix, path) => posix.chown(path, -1, -1) },
  { name: 'utimensat', call: (posix, path) => posix.utimens(path, 1n, 1n) },
  { name: 'truncate', call: (posix, path) => posix.truncate(path, 0) },
  { name: 'mkdir', call: (posix, path) => posix.mkdir(path), makes: true },
  { name: 'rmdir', call: (posix, path) => posix.rmdir(path) },
  { name: 'unlink', call: (posix, path) => posix.unlink(path) },
  { name: 'opendir', call: (posix, path) => posix.opendir(path) },
  { name: 'chdir', call: (posix, path) => posix.chdir(path) },
  { name: 'readlink', call: (posix, path) => posix.readlink(path) },
  { name: 'symlink', call: (posix, path) => posix.symlink('x', path), makes: true },
  { name: 'mknod', call: (posix, path) => posix.mknod(path, 0o100600), makes: true },
  { name: 'getxattr', call: (posix, path) => posix.getxattr(path, 'user.x') },
  { name: 'statvfs', call: (posix, path) => posix.statvfs(path) },
  { name: 'rename from', call: (posix, path) => posix.rename(path, `${path}.new`) },
];

async function still({ posix, path }: Scene, ...more: string[]): Promise<void> {
  expect(await posix.names(path())).toEqual(['directory', 'file', ...more]);
  expect(await posix.readText(path('file'))).toBe('content');
  expect(await posix.names(path('directory'))).toEqual(['child']);
}

function paths(suite: Suite): void {
  for (const { name, call, makes = false } of pathCalls) {
    suite.test(`${name}: paths that lead nowhere`, [], async (scene) => {
      const { posix, path } = scene;
      await posix.writeFile(path('file'), 'content');
      await posix.mkdir(path('directory'));
      await posix.writeFile(path('directory', 'child'), '');
      await refuses(call(posix, path('missing', 'x')), 'ENOENT');
      await refuses(call(posix, path('file', 'x')), 'ENOTDIR');
      await refuses(call(posix, path('file', 'x', 'y')), 'ENOTDIR');
      await refuses(call(posix, path('n'.repeat(256))), 'ENAMETOOLONG');
      await refuses(call(posix, path('n'.repeat(256), 'x')), 'ENAMETOOLONG');
      await refuses(call(posix, path('x/'.repeat(2100))), 'ENAMETOOLONG');
      await refuses(call(posix, ''), 'ENOENT');
      if (!makes) await refuses(call(posix, path('missing')), 'ENOENT');
      await still(scene);
      if (!has(scene.target, 'symbolicLinks')) return;
      await posix.symlink('loop', path('loop'));
      await refuses(call(posix, path('loop', 'x')), 'ELOOP');
      await still(scene, 'loop');
    });
  }
}

function descriptors(suite: Suite): void {
  suite.test('a descriptor that is closed', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.closeFd(fd);
    await refuses(posix.closeFd(fd), 'EBADF');
    await refuses(posix.read(fd, 1), 'EBADF');
    await refuses(posix.write(fd, 'x'), 'EBADF');
    await refuses(posix.fstat(fd), 'EBADF');
    await refuses(posix.ftruncate(fd, 0), 'EBADF');
    await refuses(posix.fsync(fd), 'EBADF');
    await refuses(posix.lock(fd, 'read', 0, 0), 'EBADF');
  });

  suite.test('a descriptor of the wrong kind', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    const reader = await posix.open(path('file'), 'RDONLY');
    const writer = await posix.open(path('file'), 'WRONLY');
    const named = await posix.open(path('file'), 'PATH');
    await refuses(posix.write(reader, 'x'), 'EBADF');
    await refuses(posix.pwrite(reader, 'x', 0), 'EBADF');
    await refuses(posix.read(writer, 1), 'EBADF');
    await refuses(posix.pread(writer, 1, 0), 'EBADF');
    await refuses(posix.read(named, 1), 'EBADF');
    await refuses(posix.fchmod(named, 0o600), 'EBADF');
    expect((await posix.fstat(named)).size).toBe(7);
    expect(await posix.readText(path('file'))).toBe('content');
  });

  suite.test('offsets beyond reason', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    const last = 2n ** 63n - 1n;
    await refuses(posix.pwrite(fd, 'x', last), 'EFBIG', 'EINVAL');
    await refuses(posix.ftruncate(fd, last), 'EFBIG', 'EINVAL');
    await refuses(posix.truncate(path('file'), last), 'EFBIG', 'EINVAL');
    await refuses(posix.pwrite(fd, 'x', -1), 'EINVAL');
    await refuses(posix.pread(fd, 1, -1), 'EINVAL');
    await refuses(posix.ftruncate(fd, -1), 'EINVAL');
    expect((await posix.fstat(fd)).size).toBe(7);
    expect(await posix.readText(path('file'))).toBe('content');
  });
}

function otherFileSystems(suite: Suite): void {
  suite.test('EXDEV', [], async ({ posix, path, target }) => {
    await posix.writeFile(path('file'), 'content');
    await posix.mkdir(path('directory'));
    const away = `${target.elsewhere}/away`;
    await refuses(posix.rename(path('file'), away), 'EXDEV');
    await refuses(posix.rename(path('directory'), away), 'EXDEV');
    await refuses(posix.link(path('file'), away), 'EXDEV');
    await posix.writeFile(away, 'away');
    await refuses(posix.rename(away, path('new')), 'EXDEV');
    await refuses(posix.rename(away, path('file')), 'EXDEV');
    await refuses(posix.link(away, path('new')), 'EXDEV');
    expect(await posix.names(path())).toEqual(['directory', 'file']);
    expect(await posix.readText(path('file'))).toBe('content');
    if (has(target, 'symbolicLinks')) {
      await posix.symlink(away, path('link'));
      expect(await posix.readText(path('link'))).toBe('away');
    }
    await posix.unlink(away);
  });

  suite.test('another device number', [], async ({ posix, path, target }) => {
    const here = await posix.stat(path());
    expect((await posix.stat(target.elsewhere)).dev).not.toBe(here.dev);
  });
}

/** The errno of what cannot be done, and that it changes nothing. */
export function errors(suite: Suite): void {
  describe('errors', () => {
    paths(suite);
    descriptors(suite);
    otherFileSystems(suite);
  });
}
