import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { client, mountPoint, mountsAt, startHost } from './place.js';
import type { HostProcess } from './host_process.js';
import type { Posix } from '../support/posix.js';

/** A shared map of a file whose page has been changed, which nobody has told the file system. */
async function dirty(point: string, name: string): Promise<Posix> {
  const posix = client();
  const fd = await posix.open(join(point, name), 'RDWR');
  const map = await posix.map(fd, 4096);
  await posix.mapWrite(map, 0, 'kept');
  return posix;
}

const ways: [how: string, take: (host: HostProcess, point: string) => Promise<unknown>][] = [
  ['unmount({ force: true })', (host) => host.unmount('one', { force: true })],
  [
    'unmount(path, { force: true })',
    (host, point) => host.order('unmountAt', point, { force: true }),
  ],
  [
    'another process',
    async (_, point) => (await startHost()).order('unmountAt', point, { force: true }),
  ],
  [
    'another process, after a while',
    async (_, point) =>
      (await startHost()).order('unmountAt', point, { force: true, timeout: 2_500 }),
  ],
  [
    'the next mount',
    async (_, point) => (await startHost()).mount('two', point, { forceUnmount: true }),
  ],
  [
    'a signal',
    async (host) => {
      host.signal('SIGTERM');
      await host.closed('one');
    },
  ],
];

describe('what is written in a map of a volume in use reaches the file system', () => {
  it.each(ways)('before it is taken away by %s', async (_, take) => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { unmountOnSignal: true });
    await dirty(point, 'good');
    expect(await host.order('content', 'one', '/good')).toBe('good');
    await take(host, point);
    expect(await host.closed('one')).toMatch(/^(forced|ejected)$/);
    expect(await host.order('content', 'one', '/good')).toBe('kept');
  });

  it('when writing takes its time', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await dirty(point, 'writeFile!late');
    const unmounting = host.unmount('one', { force: true });
    await host.event('waiting', '/writeFile!late');
    expect(mountsAt(point)).toHaveLength(1);
    await host.order('settle', 'one');
    await unmounting;
    expect(await host.closed('one')).toBe('forced');
    expect(host.seen('signal')).toEqual([]);
  });

  it('or not, when that takes for ever', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await dirty(point, 'writeFile!never');
    await host.unmount('one', { force: true });
    expect(await host.closed('one')).toBe('forced');
    expect(mountsAt(point)).toEqual([]);
    // Nothing of it keeps the process.
    await host.order('letGo');
    expect(await host.ends()).toEqual({ code: 0, signal: null });
  });
});
