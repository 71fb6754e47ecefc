import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startExample, type ExampleProcess } from '../../support/example.js';
import { Posix } from '../../support/posix.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import { run } from '../../support/tools.js';

const isRoot = process.geteuid?.() === 0;

/** What is mounted below the root of a mirror, on a kernel. */
describe.skipIf(process.platform !== 'linux')('mounts below the root', () => {
  let place: TemporaryDirectory;
  let root = '';
  let posix: Posix;
  const mirrors: ExampleProcess[] = [];

  beforeEach(() => {
    place = temporaryDirectory();
    root = place.directory('root');
    writeFileSync(join(root, 'file'), 'text');
    // Two mirrors that wait for each other answer nobody: that is a call without an answer.
    posix = new Posix({ deadline: 15_000 });
  });

  afterEach(async () => {
    // The mirrors first: a client that hangs in one of them cannot be killed.
    for (const mirror of mirrors.splice(0)) mirror.cleanUp();
    await posix.kill();
    place.remove();
  });

  async function mirror(mountPoint: string): Promise<void> {
    mirrors.push(
      await startExample('mirrorfs', mountPoint, {
        args: ['--root', root, '--cache-timeout', '0'],
      }),
    );
  }

  it('two mirrors with both mount points in the root do not enter each other', async () => {
    for (const name of ['one', 'two']) mkdirSync(join(root, name));
    await mirror(join(root, 'one'));
    expect(await posix.names(join(root, 'one'))).toEqual(['file', 'two']);
    await mirror(join(root, 'two'));
    const others = [new Posix({ deadline: 15_000 }), new Posix({ deadline: 15_000 })];
    try {
      // Both at once, as each would have to answer while it waits.
      await Promise.all(
        ['one', 'two'].map(async (name, index) => {
          const client = others[index] ?? posix;
          const other = name === 'one' ? 'two' : 'one';
          const shown = join(root, name);
          for (let turn = 0; turn < 20; turn += 1) {
            expect(await client.names(shown)).toEqual(['file']);
            expect(await client.readText(join(shown, 'file'))).toBe('text');
            await expect(client.stat(join(shown, other))).rejects.toMatchObject({ code: 'ENOENT' });
            await expect(client.stat(join(shown, other, 'file'))).rejects.toMatchObject({
              code: 'ENOENT',
            });
          }
        }),
      );
    } finally {
      await Promise.all(others.map((client) => client.kill()));
    }
    // The names are taken, though nobody sees them.
    await expect(posix.mkdir(join(root, 'one', 'two'))).rejects.toMatchObject({ code: 'EEXIST' });
    await posix.writeFile(join(root, 'one', 'new'), 'through one');
    expect(await posix.readText(join(root, 'two', 'new'))).toBe('through one');
    // Once the other volume is gone, its mount point is a directory as any other.
    await mirrors.pop()?.stop();
    expect(await posix.names(join(root, 'one'))).toEqual(['file', 'new', 'two']);
  });

  it.skipIf(!isRoot)('other file systems are shown, and cannot be removed', async () => {
    for (const name of ['mnt', 'disk', 'empty']) mkdirSync(join(root, name));
    await mirror(join(root, 'mnt'));
    const shown = (path: string): string => join(root, 'mnt', path);
    await run('mount', ['-t', 'tmpfs', 'none', join(root, 'disk')]);
    mkdirSync(join(root, 'disk', 'inner'));
    mkdirSync(join(root, 'disk', 'directory'));
    writeFileSync(join(root, 'disk', 'directory', 'file'), 'on the disk');
    await mirror(join(root, 'disk', 'inner'));
    expect(await posix.names(shown(''))).toEqual(['disk', 'empty', 'file']);
    expect(await posix.names(shown('disk'))).toEqual(['directory']);
    expect(await posix.readText(shown('disk/directory/file'))).toBe('on the disk');
    await posix.writeFile(shown('disk/new'), 'written');
    await posix.chmod(shown('disk'), 0o711);
    expect((await posix.stat(join(root, 'disk'))).mode & 0o777).toBe(0o711);
    await expect(posix.stat(shown('disk/inner'))).rejects.toMatchObject({ code: 'ENOENT' });

    await run('mount', ['-t', 'tmpfs', 'none', join(root, 'empty')]);
    await expect(posix.rmdir(shown('empty'))).rejects.toMatchObject({ code: 'EBUSY' });
    expect(await posix.names(shown(''))).toEqual(['disk', 'empty', 'file']);
  });

  it('a mount point named by a symbolic link is hidden where it really is', async () => {
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'link'));
    const mountPoint = join(root, 'real');
    const example = await startExample('mirrorfs', mountPoint, {
      args: ['--root', root, '--mount', join(root, 'link')],
    });
    mirrors.push(example);
    expect(await posix.names(mountPoint)).toEqual(['file', 'link']);
    expect((await posix.readlink(join(mountPoint, 'link'))).toString()).toBe('real');
    await expect(posix.stat(join(mountPoint, 'real'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(posix.stat(join(mountPoint, 'link', 'file'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
