import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../support/tools.js';
import type { HostProcess } from './host_process.js';
import {
  client,
  errnoOf,
  failure,
  mountPoint,
  mountsAt,
  Namespace,
  startHost,
  temporary,
  withoutRoot,
} from './place.js';

/** A volume whose process was killed: the mount stays and answers nothing. */
async function deadMount(point: string): Promise<void> {
  const host = await startHost();
  await host.mount('dead', point, { autoUnmount: false });
  await host.kill();
  expect(mountsAt(point)).toHaveLength(1);
  expect(await errnoOf(client().stat(join(point, 'good')))).toBe('ENOTCONN');
}

async function isUsable(point: string): Promise<void> {
  expect(await client().readText(join(point, 'good'))).toBe('good');
}

async function mountUnmount(host: HostProcess, point: string): Promise<void> {
  expect(await host.mount('one', point)).toBe(point);
  expect(mountsAt(point)).toHaveLength(1);
  await isUsable(point);
  await host.unmount('one');
  expect(mountsAt(point)).toEqual([]);
}

describe('a mount point that cannot be used', () => {
  it('is missing', async () => {
    const path = join(temporary().path, 'missing');
    const error = await failure((await startHost()).mount('one', path));
    expect(error).toMatchObject({ name: 'MountError', code: 'ENOENT', mountPoint: path });
    expect(error.message).toContain(path);
    expect(error.cure).toBe('Create the directory first.');
  });

  it('lies in a directory that is missing', async () => {
    const path = join(temporary().path, 'missing', 'too');
    const error = await failure((await startHost()).mount('one', path));
    expect(error).toMatchObject({ code: 'ENOENT', mountPoint: path });
  });

  it('is a file', async () => {
    const path = join(temporary().path, 'file');
    writeFileSync(path, '');
    const error = await failure((await startHost()).mount('one', path));
    expect(error).toMatchObject({ code: 'ENOTDIR', mountPoint: path });
    expect(error.cure).toContain('empty directory');
    expect(mountsAt(path)).toEqual([]);
  });

  it('lies in a file', async () => {
    const file = join(temporary().path, 'file');
    writeFileSync(file, '');
    const error = await failure((await startHost()).mount('one', join(file, 'below')));
    expect(error.code).toBe('ENOTDIR');
  });

  it('is not empty; nonEmpty takes it all the same', async () => {
    const point = mountPoint();
    writeFileSync(join(point, 'hidden'), '');
    const host = await startHost();
    const error = await failure(host.mount('one', point));
    expect(error).toMatchObject({ code: 'ENOTEMPTY', mountPoint: point });
    expect(error.cure).toContain("'nonEmpty'");
    expect(mountsAt(point)).toEqual([]);
    await host.mount('one', point, { nonEmpty: true });
    await isUsable(point);
    expect(await errnoOf(client().stat(join(point, 'hidden')))).toBe('ENOENT');
    await host.unmount('one');
    expect(await errnoOf(client().stat(join(point, 'hidden')))).toBe('ok');
  });

  it('is a symbolic link to itself', async () => {
    const path = join(temporary().path, 'loop');
    symlinkSync('loop', path);
    expect((await failure((await startHost()).mount('one', path))).code).toBe('ELOOP');
  });

  it.skipIf(withoutRoot)('carries another file system, which force leaves alone too', async () => {
    const point = mountPoint();
    await run('mount', ['-t', 'tmpfs', 'some-tmpfs', point]);
    const host = await startHost();
    for (const forceUnmount of [false, true]) {
      const error = await failure(host.mount('one', point, { forceUnmount }));
      expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
      expect(error.message).toContain('tmpfs, some-tmpfs');
      expect(error.cure).toContain('left alone');
    }
    const error = await failure(host.order('unmountAt', point, { force: true }));
    expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
    expect(mountsAt(point).map(({ type }) => type)).toEqual(['tmpfs']);
  });
});

describe('a mount point that carries a volume already', () => {
  it('is refused', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const error = await failure((await startHost()).mount('two', point));
    expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
    expect(error.cure).toContain("'forceUnmount'");
    await isUsable(point);
    expect(mountsAt(point)).toHaveLength(1);
  });

  it('is refused to two mounts at the same time but one', async () => {
    const point = mountPoint();
    const host = await startHost();
    const results = await Promise.allSettled([
      host.mount('one', point),
      host.mount('two', point),
      host.mount('three', point),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(mountsAt(point)).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EBUSY' });
    }
    await isUsable(point);
  });

  it('is taken over with forceUnmount, from another process and from the same', async () => {
    const point = mountPoint();
    const first = await startHost();
    const second = await startHost();
    await first.mount('one', point);
    await second.mount('two', point, { forceUnmount: true });
    expect(await first.closed('one')).toMatch(/ejected|forced/);
    await second.mount('three', point, { forceUnmount: true });
    expect(await second.closed('two')).toMatch(/ejected|forced/);
    expect(mountsAt(point)).toHaveLength(1);
    await isUsable(point);
    await second.unmount('three');
    expect(mountsAt(point)).toEqual([]);
  });

  it('is taken over from a volume with open files and a request in flight', async () => {
    const point = mountPoint();
    const first = await startHost();
    await first.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    const hanging = await posix.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(posix.pread(hanging, 100, 0));
    await first.event('waiting');
    await (await startHost()).mount('two', point, { forceUnmount: true });
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(await first.closed('one')).toBe('forced');
    const released = (event: string) => first.seen(event).filter(({ path }) => path !== '/');
    expect(released('cleanup')).toHaveLength(2);
    expect(released('closeFile')).toHaveLength(2);
    expect(await errnoOf(posix.pread(fd, 100, 0))).toMatch(/ECONNABORTED|ENOTCONN/);
    await isUsable(point);
  });

  it('is taken over from a process that hangs', async () => {
    const point = mountPoint();
    const first = await startHost();
    await first.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    first.signal('SIGSTOP');
    const read = errnoOf(posix.pread(fd, 100, 0));
    await (await startHost()).mount('two', point, { forceUnmount: true });
    // The device is free as well: whoever waited for the process that hangs waits no longer.
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    await isUsable(point);
    first.signal('SIGCONT');
    expect(await first.closed('one')).toMatch(/forced|ejected/);
  });
});

describe('a dead volume on the mount point', () => {
  it('is named with its cure, and force recovers the place', async () => {
    const point = mountPoint();
    await deadMount(point);
    const host = await startHost();
    const error = await failure(host.mount('one', point));
    expect(error.mountPoint).toBe(point);
    expect(error.code).toMatch(/EBUSY|ENOTCONN/);
    expect(error.cure).toContain("'forceUnmount'");
    expect(mountsAt(point)).toHaveLength(1);
    await host.mount('one', point, { forceUnmount: true });
    expect(mountsAt(point)).toHaveLength(1);
    await isUsable(point);
  });

  it('is recovered through a symbolic link', async () => {
    const directory = temporary();
    const point = directory.directory('mnt');
    const link = join(directory.path, 'link');
    symlinkSync('mnt', link);
    await deadMount(point);
    const host = await startHost();
    expect(await host.mount('one', link, { forceUnmount: true })).toBe(point);
    await isUsable(point);
  });

  it('is recovered while a client still has a file open', async () => {
    const point = mountPoint();
    const first = await startHost();
    await first.mount('dead', point, { autoUnmount: false });
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    await first.kill();
    await (await startHost()).mount('one', point, { forceUnmount: true });
    expect(await errnoOf(posix.pread(fd, 10, 0))).toBe('ENOTCONN');
    await isUsable(point);
  });

  it('is unmounted by any process', async () => {
    const point = mountPoint();
    await deadMount(point);
    await (await startHost()).order('unmountAt', point, {});
    expect(mountsAt(point)).toEqual([]);
  });

  it('several on top of each other go with force', async () => {
    const point = mountPoint();
    await deadMount(point);
    // A second one on top, as careless programs leave them.
    const host = await startHost();
    await run('mount', ['-t', 'tmpfs', 'none', point]);
    const error = await failure(host.mount('one', point, { forceUnmount: true }));
    expect(error.message).toContain('tmpfs');
    await run('umount', [point]);
    await host.mount('one', point, { forceUnmount: true });
    await isUsable(point);
  });
});

describe('names of mount points', () => {
  it.each([
    ['spaces', 'a  directory '],
    ['a newline', 'two\nlines'],
    ['a tab and a hash', 'tab\there#'],
    ['a backslash', String.raw`back\slash\040`],
    ['non-ASCII', 'Dateien-äöü-文件-🙂'],
    ['commas and quotes', `a,b"c'd`],
    ['a leading dash', '-rf'],
  ])('with %s', async (_, name) => {
    await mountUnmount(await startHost(), mountPoint(name));
  });

  it('takes reads of 1 MiB', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    expect(mountsAt(point)[0]?.options).toContain('max_read=1048576');
    await host.unmount('one');
  });

  it('a symbolic link: the volume says where it really is', async () => {
    const directory = temporary();
    const point = directory.directory('real');
    const link = join(directory.path, 'link');
    symlinkSync('real', link);
    const host = await startHost();
    expect(await host.mount('one', link)).toBe(point);
    await isUsable(link);
    // Both names lead to it.
    expect((await failure(host.mount('two', link))).code).toBe('EBUSY');
    await host.order('unmountAt', link, {});
    expect(await host.closed('one')).toBe('unmounted');
    expect(mountsAt(point)).toEqual([]);
  });

  it('with a slash at the end, and with dots', async () => {
    const point = mountPoint();
    const host = await startHost();
    expect(await host.mount('one', `${point}/`)).toBe(point);
    await host.order('unmountAt', `${point}/../mnt/.`, {});
    expect(mountsAt(point)).toEqual([]);
  });

  it('below a volume of the same process', async () => {
    const directory = temporary();
    const outer = directory.directory('outer');
    const host = await startHost();
    await host.mount('outer', outer);
    const inner = join(outer, 'findFiles!nothing');
    expect(await host.mount('inner', inner, { nonEmpty: true })).toBe(inner);
    await isUsable(inner);
    expect((await failure(host.unmount('outer'))).code).toBe('EBUSY');
    await host.unmount('inner');
    await host.unmount('outer');
    expect(mountsAt(outer)).toEqual([]);
  });
});

describe.skipIf(withoutRoot)('a machine without FUSE', () => {
  it.each([
    ['no device', 'mount -t tmpfs none /dev'],
    ['another device in its place', 'mount --bind /dev/null /dev/fuse'],
  ])('%s', async (_, command) => {
    const point = mountPoint();
    const namespace = await Namespace.create();
    const host = await namespace.host();
    await namespace.run('sh', '-c', command);
    for (const autoUnmount of [false, true]) {
      const error = await failure(host.mount('one', point, { autoUnmount }));
      expect(error).toMatchObject({ code: 'ENODEV', mountPoint: point });
      expect(error.cure).toContain('modprobe fuse');
    }
    expect(namespace.mountsAt(point)).toEqual([]);
  });
});
