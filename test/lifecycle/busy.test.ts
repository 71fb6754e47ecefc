import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MountInfo } from '../../lib/mounts/mountinfo.js';
import type { Posix } from '../support/posix.js';
import type { HostProcess } from './host_process.js';
import {
  client,
  failure,
  mountPoint,
  Namespace,
  NOBODY,
  ownDirectory,
  temporary,
  withoutRoot,
} from './place.js';

/**
 * A volume in a mount namespace of its own: others who list what is mounted look at every volume, and
 * would be among those who use it.
 */
async function served(): Promise<Served> {
  const namespace = await Namespace.create();
  const point = mountPoint();
  const host = await namespace.host();
  await host.mount('one', point);
  return {
    ...{ point, host, namespace },
    use: () => client({ via: namespace.via }),
    mounts: () => namespace.mountsAt(point),
  };
}

interface Served {
  readonly point: string;
  readonly host: HostProcess;
  readonly namespace: Namespace;
  /** A client of it. */
  readonly use: () => Posix;
  readonly mounts: () => MountInfo[];
}

/** Who holds a volume, by the error of an unmount that does not wait. */
async function holders(host: HostProcess): Promise<number[]> {
  const error = await failure(host.unmount('one', { timeout: 0 }));
  expect(error).toMatchObject({ name: 'MountError', code: 'EBUSY' });
  return (error.processes ?? []).map(({ id }) => id);
}

describe.skipIf(withoutRoot)('unmounting a volume in use waits', () => {
  it('until it is not any more', async () => {
    const { point, host, use, mounts } = await served();
    const posix = use();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    const leaving = host.unmount('one', { timeout: 60_000 });
    leaving.catch(() => undefined);
    // Meanwhile it works as ever.
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('good');
    expect(await use().readText(join(point, 'other'))).toBe('other');
    expect(mounts()).toHaveLength(1);
    await posix.closeFd(fd);
    await leaving;
    expect(mounts()).toEqual([]);
    expect(await host.closed('one')).toBe('unmounted');
  });

  it('from another process too', async () => {
    const { point, host, namespace, use, mounts } = await served();
    const posix = use();
    await posix.chdir(point);
    const leaving = (await namespace.host()).order('unmountAt', point, { timeout: 60_000 });
    leaving.catch(() => undefined);
    expect(await host.list()).not.toEqual([]);
    expect(mounts()).toHaveLength(1);
    await posix.chdir('/');
    await leaving;
    expect(mounts()).toEqual([]);
    expect(await host.closed('one')).toBe('ejected');
  });

  it('as long as it is told to', async () => {
    const { point, host, namespace, use, mounts } = await served();
    await use().open(join(point, 'good'), 'RDONLY');
    const other = await namespace.host();
    for (const unmount of [
      (timeout: number) => host.unmount('one', { timeout }),
      (timeout: number) => other.order('unmountAt', point, { timeout }),
    ]) {
      const begun = performance.now();
      await failure(unmount(700));
      expect(performance.now() - begun).toBeGreaterThan(650);
    }
    expect(mounts()).toHaveLength(1);
  });

  it('before it is forced, and then that is not needed', async () => {
    const { point, host, use } = await served();
    const posix = use();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    const leaving = host.unmount('one', { force: true, timeout: 60_000 });
    leaving.catch(() => undefined);
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('good');
    await posix.closeFd(fd);
    await leaving;
    expect(await host.closed('one')).toBe('unmounted');
    expect(host.seen('closeFile', '/good')).toHaveLength(1);
  });
});

describe.skipIf(withoutRoot)('the error of a volume in use names who uses it', () => {
  it('with a file open, from this process and another one', async () => {
    const { point, host, namespace, use } = await served();
    const posix = use();
    await posix.open(join(point, 'good'), 'RDONLY');
    const other = await namespace.host();
    const errors = await Promise.all([
      failure(host.unmount('one', { timeout: 0 })),
      failure(other.order('unmountAt', point, { timeout: 0 })),
    ]);
    for (const error of errors) {
      expect(error.processes).toEqual([
        { id: posix.child.pid, command: expect.stringContaining('python3') as string },
      ]);
      expect(error.message).toMatch(new RegExp(`in use by .*python3.* \\(${posix.child.pid}\\)`));
      expect(error.cure).toContain('{ force: true }');
    }
  });

  it.each([
    ['working directory', (posix: Posix, point: string) => posix.chdir(point)],
    ['directory open', (posix: Posix, point: string) => posix.open(point, 'RDONLY|DIRECTORY')],
    [
      'file mapped that is not open any more',
      async (posix: Posix, point: string) => {
        const fd = await posix.open(join(point, 'good'), 'RDWR');
        await posix.map(fd, 4);
        await posix.closeFd(fd);
      },
    ],
    [
      'file open that was deleted',
      async (posix: Posix, point: string) => {
        await posix.open(join(point, 'good'), 'RDONLY');
        await posix.unlink(join(point, 'good'));
      },
    ],
  ])('with a %s', async (_, hold) => {
    const { point, host, use } = await served();
    const posix = use();
    await hold(posix, point);
    expect(await holders(host)).toEqual([posix.child.pid]);
  });

  it('three of them in the message and all in the list', async () => {
    const { point, host, use } = await served();
    const clients = [1, 2, 3, 4, 5].map(() => use());
    await Promise.all(clients.map((posix) => posix.open(join(point, 'good'), 'RDONLY')));
    const error = await failure(host.unmount('one', { timeout: 0 }));
    const ids = clients.map(({ child }) => child.pid ?? -1).sort((a, b) => a - b);
    expect(error.processes?.map(({ id }) => id)).toEqual(ids);
    for (const [index, id] of ids.entries()) {
      expect(error.message.includes(`(${id})`)).toBe(index < 3);
    }
    expect(error.message).toContain('and 2 more');
  });

  it('while the volume answers nothing', async () => {
    const { point, host, namespace, use } = await served();
    const posix = use();
    await posix.open(join(point, 'good'), 'RDONLY');
    host.signal('SIGSTOP');
    const other = await namespace.host();
    const error = await failure(other.order('unmountAt', point, { timeout: 0 }));
    expect(error.processes).toEqual([
      { id: posix.child.pid, command: expect.any(String) as string },
    ]);
    host.signal('SIGCONT');
  });

  it('and not who uses what has a name alike', async () => {
    const { point, host, use } = await served();
    const alike = `${point}-2`;
    mkdirSync(alike);
    await host.mount('two', alike);
    const [posix, other] = [use(), use()];
    await posix.open(join(point, 'good'), 'RDONLY');
    await other.open(join(alike, 'good'), 'RDONLY');
    expect(await holders(host)).toEqual([posix.child.pid]);
  });

  it('or what is mounted below', async () => {
    const { point, host, use } = await served();
    const inner = join(point, 'findFiles!nothing');
    await host.mount('inner', inner, { nonEmpty: true });
    const posix = use();
    await posix.open(join(inner, 'good'), 'RDONLY');
    const error = await failure(host.unmount('one', { timeout: 0 }));
    expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point, processes: [] });
    expect(error.message).toContain(`mounted in the volume, at ${inner} (fuse.node-dokan,`);
    await posix.reset();
    await host.unmount('inner');
    await host.unmount('one');
  });

  it('but not those that this user may not look at', async () => {
    const directory = temporary();
    const namespace = await Namespace.create();
    await namespace.shareDevice(directory.directory('dev'));
    await namespace.run('sh', '-c', `echo user_allow_other > ${directory.path}/fuse.conf`);
    await namespace.run('mount', '--bind', `${directory.path}/fuse.conf`, '/etc/fuse.conf');
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    await host.mount('one', point, { allowOther: true });
    namespace.start(0, 'sh', '-c', 'exec sleep 60 < "$0"/good', point);
    await host.event('createFile', '/good');
    const error = await failure(host.unmount('one', { timeout: 0 }));
    expect(error).toMatchObject({ code: 'EBUSY', processes: [] });
    expect(error.message).toContain('a program has a file open');
    await host.unmount('one', { force: true, timeout: 0 });
  });
});
