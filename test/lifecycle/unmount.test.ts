import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { run } from '../support/tools.js';
import {
  client,
  errnoOf,
  failure,
  isGone,
  mountPoint,
  mountsAt,
  Namespace,
  startHost,
  temporary,
  withoutRoot,
} from './place.js';

const GONE = /^(ECONNABORTED|ENOTCONN)$/;

describe('unmount()', () => {
  it('ends the volume once, however often and however many at a time ask', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await Promise.all([1, 2, 3, 4].map(() => host.unmount('one')));
    expect(mountsAt(point)).toEqual([]);
    await host.unmount('one');
    await host.unmount('one', { force: true });
    expect(await host.closed('one')).toBe('unmounted');
    expect(host.seen('unmounted')).toHaveLength(1);
    expect(host.seen('closed')).toHaveLength(1);
  });

  it('gently and by force at the same time', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await Promise.all([host.unmount('one'), host.unmount('one', { force: true })]);
    expect(mountsAt(point)).toEqual([]);
    expect(host.seen('unmounted')).toHaveLength(1);
  });

  it('of a volume in use fails, and the volume goes on working', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    for (let time = 0; time < 3; time += 1) {
      const error = await failure(host.unmount('one'));
      expect(error).toMatchObject({ name: 'MountError', code: 'EBUSY', mountPoint: point });
      expect(error.cure).toContain('{ force: true }');
    }
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('good');
    expect(await client().readText(join(point, 'other'))).toBe('other');
    await posix.closeFd(fd);
    await host.unmount('one');
    expect(await host.closed('one')).toBe('unmounted');
  });

  it('of a volume that is somebody’s working directory fails', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    await posix.chdir(point);
    expect((await failure(host.unmount('one'))).code).toBe('EBUSY');
    await posix.chdir('/');
    await host.unmount('one');
  });

  it('of what was unmounted by hand is no error', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await run('umount', [point]);
    expect(await host.closed('one')).toBe('ejected');
    await host.unmount('one');
    await host.unmount('one', { force: true });
    expect(host.seen('unmounted')).toHaveLength(1);
  });

  it('leaves the volume alone that has taken its place', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await run('umount', [point]);
    await host.closed('one');
    const other = await startHost();
    await other.mount('two', point);
    await host.unmount('one');
    await host.unmount('one', { force: true });
    expect(mountsAt(point)).toHaveLength(1);
    expect(await client().readText(join(point, 'good'))).toBe('good');
  });

  it.skipIf(withoutRoot)('of a volume that something is mounted on top of says so', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await run('mount', ['-t', 'tmpfs', 'on-top', point]);
    const error = await failure(host.unmount('one'));
    expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
    expect(error.message).toContain('tmpfs, on-top');
    expect(mountsAt(point)).toHaveLength(2);
    await run('umount', [point]);
    await host.unmount('one');
    expect(mountsAt(point)).toEqual([]);
  });

  it.skipIf(withoutRoot)('of a volume that has a bind mount says where', async () => {
    const directory = temporary();
    const [point, other] = [directory.directory('mnt'), directory.directory('other')];
    const host = await startHost();
    await host.mount('one', point);
    await run('mount', ['--bind', point, other]);
    const error = await failure(host.unmount('one'));
    expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
    expect(error.message).toContain(other);
    await run('umount', [other]);
    await host.unmount('one');
    expect(await host.closed('one')).toBe('unmounted');
  });

  it.skipIf(withoutRoot)('of a volume that is kept elsewhere waits; force does not', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const keeper = await Namespace.create({ keep: true });
    expect(keeper.mountsAt(point)).toHaveLength(1);
    const waiting = host.unmount('one');
    await isGone(point);
    expect(await keeper.run('cat', `${point}/good`)).toBe('good');
    expect(host.seen('closed')).toEqual([]);
    await host.unmount('one', { force: true });
    await waiting;
    expect(await host.closed('one')).toBe('forced');
  });
});

describe('unmount({ force: true })', () => {
  it('takes a volume away from open files and requests that never end', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const [reader, looker, holder] = [client(), client(), client()];
    const open = await holder.open(join(point, 'good'), 'RDWR');
    const directory = await holder.open(point, 'RDONLY|DIRECTORY');
    const fd = await reader.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(reader.pread(fd, 100, 0));
    await host.event('waiting', '/readFile!never');
    const look = errnoOf(looker.stat(join(point, 'queryOpen!never')));
    await host.event('waiting', '/queryOpen!never');

    await host.unmount('one', { force: true });
    expect(await read).toMatch(GONE);
    expect(await look).toMatch(GONE);
    expect(mountsAt(point)).toEqual([]);
    expect(await host.closed('one')).toBe('forced');
    expect(await errnoOf(holder.pread(open, 10, 0))).toMatch(GONE);
    expect(await errnoOf(holder.fstat(directory))).toMatch(GONE);

    for (const path of ['/good', '/readFile!never', '/']) {
      const opened = host.seen('createFile', path).length;
      expect(host.seen('cleanup', path)).toHaveLength(opened);
      expect(host.seen('closeFile', path)).toHaveLength(opened);
    }
    expect(host.seen('signal', '/readFile!never')).toHaveLength(1);
    expect(host.seen('signal', '/queryOpen!never')).toHaveLength(1);
    expect(host.seen('unmounted')).toHaveLength(1);
    expect(await host.order('openCount', 'one')).toBe(0);
    // Nothing comes after unmounted().
    const order = host.events.map(({ event }) => event);
    expect(order.lastIndexOf('closeFile')).toBeLessThan(order.indexOf('unmounted'));
    // The place is free for the next.
    await host.mount('two', point);
    expect(await client().readText(join(point, 'good'))).toBe('good');
  });

  it('does not wait for what the kernel cannot write back', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { writebackCache: true });
    const posix = client();
    const fd = await posix.open(join(point, 'writeFile!never'), 'WRONLY');
    await posix.pwrite(fd, Buffer.alloc(8192), 0);
    const closing = errnoOf(posix.closeFd(fd));
    await host.event('waiting', '/writeFile!never');
    await host.unmount('one', { force: true });
    await closing;
    expect(mountsAt(point)).toEqual([]);
    expect(await host.closed('one')).toBe('forced');
    expect(host.seen('closeFile', '/writeFile!never')).toHaveLength(1);
  });
});

describe.skipIf(withoutRoot)('unmount({ force: true }) of what is mounted twice', () => {
  it('takes bind mounts with it, because nothing would answer there', async () => {
    const directory = temporary();
    const [point, other] = [directory.directory('mnt'), directory.directory('other')];
    const host = await startHost();
    await host.mount('one', point);
    await run('mount', ['--bind', point, other]);
    await host.unmount('one', { force: true });
    expect([...mountsAt(point), ...mountsAt(other)]).toEqual([]);
  });

  it('leaves what is on top of a bind mount', async () => {
    const directory = temporary();
    const [point, other] = [directory.directory('mnt'), directory.directory('other')];
    const host = await startHost();
    await host.mount('one', point);
    await run('mount', ['--bind', point, other]);
    await run('mount', ['-t', 'tmpfs', 'on-top', other]);
    await host.unmount('one', { force: true });
    expect(await host.closed('one')).toBe('forced');
    expect(mountsAt(point)).toEqual([]);
    expect(mountsAt(other).at(-1)?.type).toBe('tmpfs');
    await run('umount', [other]);
  });

  it('leaves what is on top, and says what is left below', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await run('mount', ['-t', 'tmpfs', 'on-top', point]);
    const error = await failure(host.unmount('one', { force: true }));
    expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
    expect(error.message).toContain('tmpfs, on-top');
    expect(await host.closed('one')).toBe('forced');
    expect(mountsAt(point).at(-1)?.type).toBe('tmpfs');
    await run('umount', [point]);
    await host.order('unmountAt', point, {});
    expect(mountsAt(point)).toEqual([]);
  });
});

describe.skipIf(withoutRoot)('a wait for programs to close their files', () => {
  it('ends when something else is mounted there, which stays', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDWR');
    const other = await startHost();
    expect(await other.order('pauses')).toBe(false);
    const waiting = other.order('unmountAt', point, { timeout: 20_000 });
    waiting.catch(() => undefined);
    await eventually('the pause after an attempt', () => other.order('pauses'));
    await run('umount', ['-l', point]);
    await run('mount', ['-t', 'tmpfs', 'other', point]);
    await waiting;
    expect(mountsAt(point).map(({ source }) => source)).toEqual(['other']);
    await run('umount', [point]);
    await posix.closeFd(fd);
    expect(await host.closed('one')).toBe('ejected');
  });
});

describe('umount by hand', () => {
  it('ejects the volume', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await run('umount', [point]);
    expect(await host.closed('one')).toBe('ejected');
    expect(host.seen('unmounted')).toHaveLength(1);
  });

  it('lazily keeps serving whoever has a file open', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDWR');
    await run('umount', ['-l', point]);
    expect(mountsAt(point)).toEqual([]);
    await posix.pwrite(fd, 'Gone', 0);
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('Gone');
    expect(host.seen('closed')).toEqual([]);
    expect(host.seen('closeFile', '/good')).toEqual([]);
    await posix.closeFd(fd);
    expect(await host.closed('one')).toBe('ejected');
    await eventually('the file to be closed', () => host.seen('closeFile', '/good').length === 1);
  });

  it.skipIf(withoutRoot)('with -f ends what is in flight', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(posix.pread(fd, 100, 0));
    await host.event('waiting');
    await run('umount', ['-f', '-l', point]);
    expect(await read).toMatch(GONE);
    expect(await host.closed('one')).toBe('forced');
    expect(host.seen('closeFile', '/readFile!never')).toHaveLength(1);
  });

  it.skipIf(withoutRoot)('the control file system aborts the connection', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const deviceNumber = mountsAt(point)[0]?.deviceNumber ?? '';
    const posix = client();
    const fd = await posix.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(posix.pread(fd, 100, 0));
    await host.event('waiting');
    const namespace = await Namespace.create();
    const control = '/sys/fs/fuse/connections';
    await namespace.run('mount', '-t', 'fusectl', 'none', control);
    await namespace.run('sh', '-c', `echo 1 > ${control}/${deviceNumber.split(':')[1]}/abort`);
    expect(await read).toMatch(GONE);
    expect(await host.closed('one')).toBe('forced');
    expect(host.seen('closeFile', '/readFile!never')).toHaveLength(1);
    // What is left of it goes, though the volume has ended.
    await host.unmount('one');
    expect(mountsAt(point)).toEqual([]);
  });
});

describe('unmount(mountPoint)', () => {
  it('works from another process', async () => {
    const point = mountPoint();
    const [host, other] = [await startHost(), await startHost()];
    await host.mount('one', point);
    await other.order('unmountAt', point, {});
    expect(mountsAt(point)).toEqual([]);
    expect(await host.closed('one')).toBe('ejected');
  });

  it('from another process refuses a volume in use, and forces it when told to', async () => {
    const point = mountPoint();
    const [host, other] = [await startHost(), await startHost()];
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    const error = await failure(other.order('unmountAt', point, {}));
    expect(error).toMatchObject({ name: 'MountError', code: 'EBUSY', mountPoint: point });
    await other.order('unmountAt', point, { force: true });
    expect(mountsAt(point)).toEqual([]);
    expect(await host.closed('one')).toMatch(/ejected|forced/);
    expect(host.seen('closeFile', '/good')).toHaveLength(1);
    expect(await errnoOf(posix.pread(fd, 10, 0))).toMatch(GONE);
  });

  it('says when nothing is mounted there', async () => {
    const point = mountPoint();
    const error = await failure((await startHost()).order('unmountAt', point, {}));
    expect(error).toMatchObject({ name: 'MountError', code: 'EINVAL', mountPoint: point });
    expect(error.cure).toContain('listMounts()');
  });

  it('is listed by any process', async () => {
    const directory = temporary();
    const [one, two] = [directory.directory('one'), directory.directory('two, \n文')];
    const [host, other] = [await startHost(), await startHost()];
    await host.mount('one', one, { volumeLabel: 'notes and more', writeProtect: true });
    await host.mount('two', two);
    const ours = (await other.list()).filter(({ mountPoint: at }) => at.startsWith(directory.path));
    const userId = process.getuid?.();
    expect(ours).toMatchObject([
      { mountPoint: one, volumeLabel: 'notes and more', userId, readOnly: true },
      { mountPoint: two, volumeLabel: 'node-dokan', userId, readOnly: false },
    ]);
    await host.unmount('one');
    expect((await other.list()).map(({ mountPoint: at }) => at)).not.toContain(one);
    expect(await client().readText(join(two, 'good'))).toBe('good');
  });
});
