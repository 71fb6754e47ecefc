import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { run } from '../support/tools.js';
import type { HostProcess } from './host_process.js';
import {
  allMounts,
  client,
  errnoOf,
  failure,
  mountPoint,
  mountsAt,
  Namespace,
  NOBODY,
  ownDirectory,
  startHost,
  temporary,
  withoutRoot,
} from './place.js';

const GONE = /^(ECONNABORTED|ENOTCONN)$/;

/** What may have become of the process that serves. */
const STATES: [what: string, make: (host: HostProcess) => Promise<void>][] = [
  ['is well', () => Promise.resolve()],
  [
    'hangs in an endless loop',
    async (host) => {
      void host.order('hang').catch(() => undefined);
      await host.event('hanging');
    },
  ],
  [
    'is stopped',
    async (host) => {
      host.signal('SIGSTOP');
      await eventually('the host to stop', async () =>
        / T /.test(await run('cat', [`/proc/${host.pid}/stat`])),
      );
    },
  ],
  [
    'is dead',
    async (host) => {
      await host.kill();
    },
  ],
];

/** How another process takes the volume away. */
const WAYS: [how: string, force: (other: HostProcess, point: string) => Promise<unknown>][] = [
  ['unmount', (other, point) => other.order('unmountAt', point, { force: true, timeout: 0 })],
  ['mount', (other, point) => other.mount('next', point, { forceUnmount: true })],
];

describe.each(STATES)('a volume whose process %s', (_, make) => {
  it.each(WAYS)(
    'is forced by %s of another one, in use and not',
    async (how, force) => {
      for (const inUse of [false, true]) {
        const point = mountPoint();
        const host = await startHost();
        await host.mount('one', point, { autoUnmount: false });
        const { deviceNumber } = mountsAt(point)[0] ?? expect.unreachable('it is mounted');
        const [posix, hanging] = [client(), client()];
        let fd = 0;
        let read: Promise<string> | undefined;
        if (inUse) {
          fd = await posix.open(join(point, 'good'), 'RDWR');
          const never = await hanging.open(join(point, 'readFile!never'), 'RDONLY');
          read = errnoOf(hanging.pread(never, 100, 0));
          await host.event('waiting');
        }
        await make(host);
        const other = await startHost();
        await force(other, point);
        expect(mountsAt(point)).toHaveLength(how === 'mount' ? 1 : 0);
        if (inUse) {
          // What is in flight ends, and whatever comes then fails at once.
          expect(await read).toMatch(GONE);
          expect(await errnoOf(posix.pread(fd, 100, 0))).toMatch(GONE);
          expect(await connection(deviceNumber)).toMatch(
            how === 'mount' ? /.*/ : /^(gone|aborted)$/,
          );
        }
        if (how === 'mount') {
          expect(await client().readText(join(point, 'good'))).toBe('good');
          await other.unmount('next', { force: true });
        } else {
          // The device is released as well, not only the name.
          await posix.kill();
          await hanging.kill();
          // The process that has forced it may still be letting go of its root.
          const isReleased = async (): Promise<boolean> =>
            (await connection(deviceNumber)) === 'gone';
          await eventually('the connection to be gone', isReleased);
        }
      }
    },
    120_000,
  );
});

/** What the kernel's own list of connections says of one, where this user may mount that list. */
async function connection(deviceNumber: string): Promise<string> {
  if (withoutRoot !== undefined) return 'gone';
  const number = deviceNumber.split(':')[1] ?? '';
  const list = '/sys/fs/fuse/connections';
  const namespace = await Namespace.create();
  await namespace.run('mount', '-t', 'fusectl', 'none', list);
  const file = `${list}/${number}/waiting`;
  const command = `if [ -e ${file} ]; then echo aborted $(cat ${file}); else echo gone; fi`;
  // Somebody else's volume may have the number by now: then there is no telling.
  const taken = allMounts().some((mount) => mount.deviceNumber === deviceNumber);
  const said = (await namespace.run('sh', '-c', command)).trim();
  return taken ? 'gone' : said.replace(/ .*/, '');
}

describe('the one that loses its volume', () => {
  it.each(WAYS)('learns by %s that it was forced, and releases what was open', async (_, force) => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    // In use, and nothing in flight.
    await posix.open(join(point, 'good'), 'RDWR');
    await posix.open(point, 'RDONLY|DIRECTORY');
    await force(await startHost(), point);
    expect(await host.closed('one')).toBe('forced');
    for (const path of ['/good', '/']) {
      const opened = host.seen('createFile', path).length;
      expect(opened).toBeGreaterThan(0);
      expect(host.seen('cleanup', path)).toHaveLength(opened);
      expect(host.seen('closeFile', path)).toHaveLength(opened);
    }
    expect(await host.order('openCount', 'one')).toBe(0);
    expect(host.seen('unmounted')).toHaveLength(1);
    // It can go on, elsewhere and at the same place.
    await host.mount('again', mountPoint());
  });

  it.each(WAYS)('learns by %s that it was forced with a request in flight', async (_, force) => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const look = errnoOf(client().stat(join(point, 'queryOpen!never')));
    await host.event('waiting', '/queryOpen!never');
    await force(await startHost(), point);
    expect(await look).toMatch(GONE);
    expect(await host.closed('one')).toBe('forced');
    expect(host.seen('signal', '/queryOpen!never')).toHaveLength(1);
  });

  it('was ejected when nobody used it', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await (await startHost()).order('unmountAt', point, { force: true });
    expect(await host.closed('one')).toBe('ejected');
  });

  it('keeps what clients have written', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { writebackCache: true });
    const posix = client();
    const fd = await posix.open(join(point, 'new'), 'WRONLY|CREAT');
    await posix.pwrite(fd, 'not written yet', 0);
    await (await startHost()).order('unmountAt', point, { force: true, timeout: 0 });
    expect(await host.closed('one')).toBe('forced');
    expect(await host.order('content', 'one', '/new')).toBe('not written yet');
  });
});

describe.skipIf(withoutRoot)('what is no volume of ours is refused by force too', () => {
  it('whatever leads to it', async () => {
    const directory = temporary();
    const [real, point] = [directory.directory('real'), directory.directory('real/mnt')];
    symlinkSync('real', join(directory.path, 'link'));
    symlinkSync('real/mnt', join(directory.path, 'direct'));
    const host = await startHost();
    await host.mount('below', point);
    await run('mount', ['-t', 'tmpfs', 'foreign', point]);
    const paths = [
      point,
      `${point}/`,
      join(directory.path, 'link/mnt'),
      join(directory.path, 'direct'),
      `${real}/../real/./mnt`,
    ];
    const other = await startHost();
    for (const path of paths) {
      for (const order of [
        () => other.order('unmountAt', path, {}),
        () => other.order('unmountAt', path, { force: true, allSessions: true }),
        () => other.mount('x', path, { forceUnmount: true, allSessions: true }),
      ]) {
        const error = await failure(order());
        expect(error).toMatchObject({ code: 'EBUSY', mountPoint: point });
        expect(error.message).toContain('(tmpfs, foreign)');
      }
    }
    expect(mountsAt(point).map(({ type }) => type)).toEqual(['fuse.node-dokan', 'tmpfs']);
    await run('umount', [point]);
    expect(await client().readText(join(point, 'good'))).toBe('good');
    await other.order('unmountAt', join(directory.path, 'direct'), {});
    expect(await host.closed('below')).toBe('ejected');
  });
});

describe.skipIf(withoutRoot)('a user without privileges', () => {
  it('forces an own volume whose process is stopped, where the kernel lists connections', async () => {
    const directory = temporary();
    const namespace = await Namespace.create();
    await namespace.shareDevice(directory.directory('dev'));
    await namespace.run('mount', '-t', 'fusectl', 'none', '/sys/fs/fuse/connections');
    const point = ownDirectory(directory, 'own');
    const host = await namespace.host({ uid: NOBODY });
    await host.mount('one', point);
    const posix = client({ via: namespace.via, uid: NOBODY });
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    host.signal('SIGSTOP');
    const read = errnoOf(posix.pread(fd, 100, 0));
    const next = await namespace.host({ uid: NOBODY });
    await next.mount('two', point, { forceUnmount: true });
    expect(await read).toMatch(GONE);
    expect(namespace.mountsAt(point)).toHaveLength(1);
    host.signal('SIGCONT');
    expect(await host.closed('one')).toBe('forced');
    await next.unmount('two');
  });
});
