import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { HostProcess } from './host_process.js';
import { client, errnoOf, mountPoint, startHost } from './place.js';

const HOUR = 3_600_000;
const LONG = { attributeTimeout: HOUR, entryTimeout: HOUR, negativeTimeout: HOUR, keepCache: true };

async function mounted(options: object): Promise<{ host: HostProcess; point: string }> {
  const point = mountPoint();
  const host = await startHost();
  await host.mount('one', point, options);
  return { host, point };
}

describe('notify, where the kernel trusts what it knows for an hour', () => {
  it('updated: contents, size and attributes', async () => {
    const { host, point } = await mounted(LONG);
    const posix = client();
    const path = join(point, 'good');
    expect(await posix.readText(path)).toBe('good');
    await host.order('change', 'one', '/good', 'better than before');
    // The proof that there is something to invalidate.
    expect(await posix.readText(path)).toBe('good');
    expect(await host.order('notify', 'one', 'updated', '/good')).toBe(true);
    await eventually('the new content', async () => {
      return (await posix.readText(path)) === 'better than before';
    });
    expect((await posix.stat(path)).size).toBe(18);
  });

  it('updated: also for whoever has the file open', async () => {
    const { host, point } = await mounted(LONG);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('good');
    await host.order('change', 'one', '/good', 'gold');
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('good');
    await host.order('notify', 'one', 'updated', '/good');
    await eventually('the new content', async () => {
      return (await posix.pread(fd, 100, 0)).toString() === 'gold';
    });
  });

  it('created: a name that was known to be missing', async () => {
    const { host, point } = await mounted(LONG);
    const posix = client();
    const path = join(point, 'new');
    expect(await errnoOf(posix.stat(path))).toBe('ENOENT');
    await host.order('change', 'one', '/new', 'here');
    expect(await errnoOf(posix.stat(path))).toBe('ENOENT');
    expect(await host.order('notify', 'one', 'created', '/new', false)).toBe(true);
    await eventually('the new file', async () => (await errnoOf(posix.stat(path))) === 'ok');
    expect(await posix.readText(path)).toBe('here');
  });

  it('deleted: a name that was known', async () => {
    const { host, point } = await mounted(LONG);
    const posix = client();
    const path = join(point, 'good');
    await posix.stat(path);
    await host.order('change', 'one', '/good', null);
    expect(await errnoOf(posix.stat(path))).toBe('ok');
    expect(await host.order('notify', 'one', 'deleted', '/good', false)).toBe(true);
    await eventually('it to go', async () => (await errnoOf(posix.stat(path))) === 'ENOENT');
  });

  it('renamed: both names', async () => {
    const { host, point } = await mounted(LONG);
    const posix = client();
    await posix.stat(join(point, 'good'));
    expect(await errnoOf(posix.stat(join(point, 'moved')))).toBe('ENOENT');
    await host.order('change', 'one', '/good', null);
    await host.order('change', 'one', '/moved', 'good');
    expect(await host.order('notify', 'one', 'renamed', '/good', '/moved', false)).toBe(true);
    await eventually('the new name', async () => {
      return (await errnoOf(posix.stat(join(point, 'moved')))) === 'ok';
    });
    expect(await errnoOf(posix.stat(join(point, 'good')))).toBe('ENOENT');
  });

  it('of what the kernel never heard of does nothing', async () => {
    const { host, point } = await mounted(LONG);
    for (const path of ['/never/heard/of', '/unknown', '/', '/good']) {
      for (const what of ['created', 'deleted', 'updated']) {
        expect(typeof (await host.order('notify', 'one', what, path, false))).toBe('boolean');
      }
    }
    expect(await client().readText(join(point, 'good'))).toBe('good');
  });

  it('of a volume that is gone says false', async () => {
    const { host } = await mounted(LONG);
    await host.unmount('one');
    expect(await host.order('notify', 'one', 'updated', '/')).toBe(false);
    for (const what of ['created', 'deleted']) {
      expect(await host.order('notify', 'one', what, '/good', false)).toBe(false);
    }
  });

  it('while a request of the same file is in flight does not stop the volume', async () => {
    const { host, point } = await mounted({ ...LONG, operationTimeout: 60_000 });
    const reader = client();
    const fd = await reader.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(reader.pread(fd, 10, 0));
    await host.event('waiting');
    // The kernel waits for the page that is being read, with a thread of ours.
    await host.order('notify', 'one', 'updated', '/readFile!never');
    expect(await client().readText(join(point, 'good'))).toBe('good');
    await host.unmount('one', { force: true });
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(await host.closed('one')).toBe('forced');
  });
});

describe('cache options, by what reaches the file system', () => {
  const looks = async (options: object, name: string, times = 5): Promise<number> => {
    const { host, point } = await mounted(options);
    const posix = client();
    // The first look at the root is not counted.
    await errnoOf(posix.stat(point));
    const before = await host.calls('one', 'queryOpen');
    for (let time = 0; time < times; time += 1) await errnoOf(posix.stat(join(point, name)));
    return (await host.calls('one', 'queryOpen')) - before;
  };

  it('entryTimeout and attributeTimeout: one look serves all', async () => {
    expect(await looks({ entryTimeout: HOUR, attributeTimeout: HOUR }, 'good')).toBe(1);
    expect(await looks({ entryTimeout: 0, attributeTimeout: 0 }, 'good')).toBeGreaterThanOrEqual(5);
  });

  it('negativeTimeout: a missing name is asked for once', async () => {
    expect(await looks({ negativeTimeout: HOUR }, 'missing')).toBe(1);
    expect(await looks({ negativeTimeout: 0 }, 'missing')).toBe(5);
  });

  const reads = async (options: object, opens: number, readsPerOpen: number): Promise<number> => {
    const { host, point } = await mounted({ ...options, attributeTimeout: HOUR });
    const posix = client();
    for (let open = 0; open < opens; open += 1) {
      const fd = await posix.open(join(point, 'good'), 'RDONLY');
      for (let read = 0; read < readsPerOpen; read += 1) await posix.pread(fd, 2, 0);
      await posix.closeFd(fd);
    }
    return host.calls('one', 'readFile');
  };

  it('keepCache: what was read is not read again at the next open', async () => {
    expect(await reads({ keepCache: true }, 4, 3)).toBe(1);
    expect(await reads({ keepCache: false }, 4, 3)).toBe(4);
  });

  it('directIo: every read reaches the file system', async () => {
    expect(await reads({ directIo: true }, 2, 3)).toBe(6);
  });

  const writes = async (options: object): Promise<{ during: number; after: number }> => {
    const { host, point } = await mounted(options);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDWR');
    for (let write = 0; write < 10; write += 1) await posix.pwrite(fd, 'x', write);
    const during = await host.calls('one', 'writeFile');
    await posix.fsync(fd);
    const after = await host.calls('one', 'writeFile');
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('x'.repeat(10));
    return { during, after };
  };

  it('writebackCache: writes are collected', async () => {
    expect(await writes({ writebackCache: true })).toEqual({ during: 0, after: 1 });
    expect(await writes({ writebackCache: false })).toEqual({ during: 10, after: 10 });
  });
});

describe('what the kernel asks for', () => {
  async function counted(options: object): Promise<{ host: HostProcess; point: string }> {
    const point = mountPoint();
    const host = await startHost();
    await host.order('countRequests');
    await host.mount('one', point, options);
    return { host, point };
  }

  const asked = async (host: HostProcess, request: string): Promise<number> =>
    ((await host.order('requests')) as Partial<Record<string, number>>)[request] ?? 0;

  it('a close is no request of its own, but for the first one', async () => {
    const { host, point } = await counted({});
    const posix = client();
    for (let turn = 0; turn < 5; turn += 1) {
      await posix.closeFd(await posix.open(join(point, 'good'), 'RDWR'));
    }
    expect(await asked(host, 'OPEN')).toBe(5);
    expect(await asked(host, 'FLUSH')).toBe(1);
  });

  it('opens: nothing after the first where files need none', async () => {
    const { host, point } = await counted({ noOpen: true });
    const posix = client();
    const path = join(point, 'good');
    for (let turn = 0; turn < 5; turn += 1) expect(await posix.readText(path)).toBe('good');
    expect(await asked(host, 'OPEN')).toBe(1);
    expect(await asked(host, 'RELEASE')).toBe(0);
    // From the cache, as long as nothing says that it has changed.
    expect(await asked(host, 'READ')).toBe(1);
    await host.order('change', 'one', '/good', 'longer than before');
    await eventually('the new content', async () => {
      return (await posix.readText(path)) === 'longer than before';
    });
    await posix.writeFile(join(point, 'new'), Buffer.from('made and written'));
    expect(await posix.readText(join(point, 'new'))).toBe('made and written');
    await posix.closeFd(await posix.open(join(point, 'new'), 'WRONLY|TRUNC'));
    expect((await posix.stat(join(point, 'new'))).size).toBe(0);
    const fd = await posix.open(join(point, 'new'), 'RDWR|APPEND');
    await posix.write(fd, 'more');
    await posix.write(fd, ' and more');
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('more and more');
    await posix.fsync(fd);
    await posix.closeFd(fd);
    expect(await asked(host, 'OPEN')).toBe(1);
    expect(await asked(host, 'CREATE')).toBe(1);
    await host.unmount('one');
    expect(await host.closed('one')).toBe('unmounted');
  });

  it('listings: nothing after the first where directories need no open', async () => {
    const { host, point } = await counted({ noOpendir: true, attributeTimeout: HOUR });
    const posix = client();
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await posix.names(point)).sort()).toEqual(['good', 'other']);
    }
    expect(await asked(host, 'OPENDIR')).toBe(1);
    expect(await asked(host, 'RELEASEDIR')).toBe(0);
    expect(await host.calls('one', 'findFiles')).toBe(1);
    await posix.writeFile(join(point, 'new'), Buffer.from('x'));
    expect((await posix.names(point)).sort()).toEqual(['good', 'new', 'other']);
    await posix.unlink(join(point, 'good'));
    expect((await posix.names(point)).sort()).toEqual(['new', 'other']);
    await host.order('change', 'one', '/underneath', 'x');
    await host.order('notify', 'one', 'created', '/underneath', false);
    await eventually('the file that was told of', async () => {
      return (await posix.names(point)).includes('underneath');
    });
  });

  it('a read with O_DIRECT is one request', async () => {
    const { host, point } = await counted({ attributeTimeout: 0 });
    const posix = client();
    const path = join(point, 'good');
    const fd = await posix.open(path, 'RDONLY|DIRECT');
    const before = await asked(host, 'GETATTR');
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await posix.preadDirect(fd, 4096, 0)).toString()).toBe('good');
    }
    expect(await asked(host, 'READ')).toBe(5);
    expect(await asked(host, 'GETATTR')).toBe(before);
    await host.order('change', 'one', '/good', 'changed underneath');
    expect((await posix.preadDirect(fd, 4096, 0)).toString()).toBe('changed underneath');
  });

  it('extended attributes: nothing after the first answer where there are none', async () => {
    const { host, point } = await counted({ altStreams: true, extendedAttributes: false });
    const posix = client();
    const path = join(point, 'good');
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await errnoOf(posix.getxattr(path, 'user.note'))).toBe('ENOTSUP');
      expect(await errnoOf(posix.setxattr(path, 'user.note', 'text'))).toBe('ENOTSUP');
      expect(await errnoOf(posix.listxattr(path))).toBe('ENOTSUP');
      const fd = await posix.open(path, 'RDWR');
      await posix.pwrite(fd, 'x', 0);
      await posix.closeFd(fd);
    }
    for (const request of ['GETXATTR', 'SETXATTR', 'LISTXATTR']) {
      expect(await asked(host, request)).toBe(1);
    }
  });

  it('a missing name: anew when its time is over', async () => {
    const { host, point } = await counted({ negativeTimeout: 300 });
    const posix = client();
    const path = join(point, 'new');
    const begun = performance.now();
    expect(await errnoOf(posix.stat(path))).toBe('ENOENT');
    await host.order('change', 'one', '/new', 'here');
    await eventually('the new file', async () => (await errnoOf(posix.stat(path))) === 'ok');
    expect(performance.now() - begun).toBeGreaterThan(250);
    expect(await asked(host, 'LOOKUP')).toBe(2);
  });
});

it('writeProtect: whatever would write is refused with EROFS', async () => {
  const { host, point } = await mounted({ writeProtect: true });
  const posix = client();
  const path = join(point, 'good');
  for (const call of [
    posix.open(path, 'WRONLY'),
    posix.open(path, 'RDWR'),
    posix.open(join(point, 'new'), 'WRONLY|CREAT'),
    posix.truncate(path, 0),
    posix.unlink(path),
    posix.mkdir(join(point, 'directory')),
    posix.rename(path, join(point, 'moved')),
    posix.symlink('good', join(point, 'link')),
    posix.chmod(path, 0o600),
    posix.utimens(path, 1n, 1n),
  ]) {
    expect(await errnoOf(call)).toBe('EROFS');
  }
  expect(await posix.readText(path)).toBe('good');
  expect(await host.calls('one', 'writeFile')).toBe(0);
  expect((await posix.statvfs(point)).flag & 1).toBe(1);
});
