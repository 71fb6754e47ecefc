import { join } from 'node:path';
import type { MountOptions } from 'node-dokan';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { Posix } from '../support/posix.js';
import type { HostProcess } from './host_process.js';
import { client, errnoOf, isGone, mountPoint, startHost } from './place.js';

const HOUR = 3_600_000;
/** Whatever the kernel may keep, it keeps. */
const LONG = { attributeTimeout: HOUR, entryTimeout: HOUR, negativeTimeout: HOUR, keepCache: true };
/** Every open asks. */
const ALWAYS = { mediaCheckInterval: 0 };

interface State {
  readonly checks: number;
  readonly deepest: number;
  readonly running: number;
  readonly results: readonly string[];
}

/** A volume whose media a test changes, and who uses it. */
class Scene {
  readonly host: HostProcess;
  readonly point: string;
  readonly name: string;
  readonly posix: Posix;

  constructor(host: HostProcess, point: string, name: string) {
    this.host = host;
    this.point = point;
    this.name = name;
    this.posix = client();
  }

  path(name: string): string {
    return join(this.point, name);
  }

  drive(method: string, ...args: unknown[]): Promise<unknown> {
    return this.host.order('drive', this.name, method, ...args);
  }

  async state(): Promise<State> {
    return (await this.drive('state')) as State;
  }

  /** Lets the volume notice what is in the drive, and so the kernel. */
  async look(): Promise<string> {
    const fd = this.posix.open(this.path('file'), 'RDONLY');
    const errno = await errnoOf(fd);
    if (errno === 'ok') await this.posix.closeFd(await fd);
    return errno;
  }

  /** Waits until a call fails so: the kernel is told to forget by a thread of its own. */
  async fails(errno: string, call: () => Promise<unknown>): Promise<void> {
    await eventually(`${call.toString()} to fail with ${errno}`, async () => {
      return (await errnoOf(call())) === errno;
    });
  }
}

async function scene(
  options: MountOptions = {},
  host?: HostProcess,
  name = 'drive',
): Promise<Scene> {
  const point = mountPoint();
  const server = host ?? (await startHost());
  await server.order('mountDrive', name, point, options);
  return new Scene(server, point, name);
}

async function names(posix: Posix, path: string): Promise<string[]> {
  const stream = await posix.opendir(path);
  const entries = await posix.readdir(stream, 100);
  await posix.closedir(stream);
  return entries.map(({ name }) => name.toString()).sort();
}

describe('absent', () => {
  it('everything fails with ENOMEDIUM, and goes on when the same medium is back', async () => {
    const one = await scene({ ...LONG, ...ALWAYS });
    const { posix } = one;
    const fd = await posix.open(one.path('file'), 'RDWR');
    const directory = await posix.open(one.path('directory'), 'RDONLY|DIRECTORY');
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('one');
    expect((await posix.stat(one.path('directory/file'))).size).toBe(6);
    expect((await posix.fstat(fd)).size).toBe(3);
    await one.drive('eject');
    expect(await one.look()).toBe('ENOMEDIUM');
    // What the kernel knew for an hour it knows no more.
    await one.fails('ENOMEDIUM', () => posix.stat(one.path('file')));
    await one.fails('ENOMEDIUM', () => posix.stat(one.path('directory/file')));
    await one.fails('ENOMEDIUM', () => posix.stat(one.point));
    await one.fails('ENOMEDIUM', () => posix.fstat(fd));
    await one.fails('ENOMEDIUM', () => posix.fstat(directory));
    await one.fails('ENOMEDIUM', () => posix.pread(fd, 10, 0));
    const calls = [
      posix.pwrite(fd, 'x', 0),
      posix.ftruncate(fd, 0),
      posix.fsync(fd),
      posix.stat(one.path('new')),
      posix.open(one.path('new'), 'WRONLY|CREAT'),
      posix.mkdir(one.path('new directory')),
      posix.unlink(one.path('file')),
      posix.rename(one.path('file'), one.path('other')),
      posix.opendir(one.point),
      posix.statvfs(one.point),
    ].map((call) => errnoOf(call));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['ENOMEDIUM']));
    await one.drive('insert', 'one');
    expect(await one.look()).toBe('ok');
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('one');
    expect(await posix.pwrite(fd, 'ONE', 0)).toBe(3);
    expect((await posix.fstat(directory)).kind).toBe('directory');
    expect(await posix.readText(one.path('file'))).toBe('ONE');
    expect((await posix.stat(one.path('directory/file'))).size).toBe(6);
    expect((await posix.statvfs(one.point)).bsize).toBe(4096);
  });

  it('what is open gets its cleanup and closeFile', async () => {
    const one = await scene(ALWAYS);
    const { posix, host } = one;
    const fd = await posix.open(one.path('file'), 'RDONLY');
    await one.drive('eject');
    expect(await one.look()).toBe('ENOMEDIUM');
    const before = host.seen('closeFile', '/file').length;
    await posix.closeFd(fd);
    await eventually('closeFile', () => host.seen('closeFile', '/file').length === before + 1);
    expect(host.seen('cleanup', '/file').at(-1)?.deletePending).toBe(false);
    expect(await host.order('openCount', one.name)).toBe(0);
  });

  it('who only reads on finds out that it is back', async () => {
    const one = await scene({ ...ALWAYS, directIo: true });
    const { posix } = one;
    const fd = await posix.open(one.path('file'), 'RDONLY');
    await one.drive('eject');
    expect(await one.look()).toBe('ENOMEDIUM');
    expect(await errnoOf(posix.pread(fd, 10, 0))).toBe('ENOMEDIUM');
    await one.drive('insert', 'one');
    expect((await posix.pread(fd, 10, 0)).toString()).toBe('one');
  });

  it('hundreds of opens make no more than the one check that was due', async () => {
    let one: Scene;
    do {
      one = await scene({ mediaCheckInterval: HOUR });
      await one.drive('eject');
      // Who lists the mounts of this machine meanwhile asks it, and so sets off its only check.
    } while ((await one.state()).checks > 0);
    for (let time = 0; time < 300; time += 1) {
      expect(await errnoOf(one.posix.open(one.path('file'), 'RDONLY'))).toBe('ENOMEDIUM');
      expect(await errnoOf(one.posix.stat(one.path('file')))).toBe('ENOMEDIUM');
    }
    expect((await one.state()).checks).toBe(1);
    expect(one.host.seen('createFile')).toEqual([]);
    expect(await one.host.order('openCount', one.name)).toBe(0);
  });

  it('a read that fails for want of the medium makes the next open ask', async () => {
    const one = await scene({ mediaCheckInterval: HOUR, directIo: true });
    const { posix } = one;
    const fd = await posix.open(one.path('file'), 'RDONLY');
    const { checks } = await one.state();
    await one.drive('eject');
    expect(await errnoOf(posix.pread(fd, 10, 0))).toBe('ENOMEDIUM');
    expect((await one.state()).checks).toBe(checks);
    expect(await one.look()).toBe('ENOMEDIUM');
    expect((await one.state()).checks).toBe(checks + 1);
  });

  it.each([false, true])('the volume is unmounted as any other, force %s', async (force) => {
    const one = await scene(ALWAYS);
    const fd = force ? await one.posix.open(one.path('file'), 'RDWR') : undefined;
    await one.drive('eject');
    expect(await one.look()).toBe('ENOMEDIUM');
    await one.host.unmount(one.name, { force });
    await isGone(one.point);
    if (fd !== undefined) await errnoOf(one.posix.closeFd(fd));
    expect(await one.host.order('openCount', one.name)).toBe(0);
  });

  it('the volume is unmounted by another process, and is in the list', async () => {
    const one = await scene(ALWAYS);
    await one.drive('eject');
    expect(await one.look()).toBe('ENOMEDIUM');
    const other = await startHost();
    const listed = await other.list();
    expect(listed.map((mount) => mount.mountPoint)).toContain(one.point);
    await other.order('unmountAt', one.point, {});
    await isGone(one.point);
    expect(await one.host.closed(one.name)).toBe('ejected');
  });

  it('mounted with nothing in the drive', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.order('mountDrive', 'drive', point, ALWAYS);
    const one = new Scene(host, point, 'drive');
    await one.drive('eject');
    expect(await errnoOf(one.posix.opendir(point))).toBe('ENOMEDIUM');
    await one.drive('insert', 'one');
    expect(await one.posix.readText(one.path('file'))).toBe('one');
  });
});

describe('changed', () => {
  it('old handles are stale, new opens see the new medium', async () => {
    const one = await scene({ ...LONG, ...ALWAYS });
    const { posix } = one;
    const fd = await posix.open(one.path('file'), 'RDWR');
    const root = await posix.open(one.point, 'RDONLY|DIRECTORY');
    const directory = await posix.open(one.path('directory'), 'RDONLY|DIRECTORY');
    expect((await posix.pread(fd, 100, 0)).toString()).toBe('one');
    expect((await posix.stat(one.path('only one'))).size).toBe(11);
    expect((await posix.stat(one.path('directory/file'))).size).toBe(6);
    expect((await posix.stat(one.path('kind'))).kind).toBe('file');
    // Known to be missing, for an hour.
    expect(await errnoOf(posix.stat(one.path('only two')))).toBe('ENOENT');
    expect(await errnoOf(posix.stat(one.path('directory/missing')))).toBe('ENOENT');
    await one.drive('insert', 'two');
    expect(await one.look()).toBe('ok');
    await eventually('the new medium', async () => {
      const state = await posix.stat(one.path('file'));
      return state.size === 20;
    });
    expect(await posix.readText(one.path('file'))).toBe('another file, on two');
    expect(await posix.readText(one.path('only two'))).toBe('only on two');
    expect(await posix.readText(one.path('directory/file'))).toBe('in the other one, two');
    expect((await posix.stat(one.path('kind'))).kind).toBe('directory');
    expect(await errnoOf(posix.stat(one.path('only one')))).toBe('ENOENT');
    expect(await names(posix, one.point)).toEqual([
      ...['.', '..', 'directory', 'file', 'kind', 'only two'],
    ]);
    await one.fails('ESTALE', () => posix.pread(fd, 100, 0));
    await one.fails('ESTALE', () => posix.fstat(fd));
    await one.fails('ESTALE', () => posix.fstat(directory));
    expect(await errnoOf(posix.pwrite(fd, 'x', 0))).toBe('ESTALE');
    expect(await errnoOf(posix.ftruncate(fd, 0))).toBe('ESTALE');
    expect(await errnoOf(posix.fsync(fd))).toBe('ESTALE');
    // Names in a directory of the old medium are no names of the new one.
    expect(await errnoOf(posix.open('file', 'RDONLY', 0, directory))).toBe('ESTALE');
    expect(await errnoOf(posix.open('new', 'WRONLY|CREAT', 0o666, directory))).toBe('ESTALE');
    const before = one.host.seen('closeFile', '/file').length;
    for (const open of [fd, root, directory]) await posix.closeFd(open);
    await eventually('closeFile', () => one.host.seen('closeFile', '/file').length > before);
    expect(await one.drive('paths', 'two')).toHaveLength(6);
    await eventually('no opens', async () => {
      return (await one.host.order('openCount', one.name)) === 0;
    });
  });

  it('a path that goes on from a directory of the old medium finds the new one', async () => {
    const one = await scene({ ...LONG, ...ALWAYS });
    const { posix } = one;
    await posix.stat(one.path('directory/file'));
    await one.drive('insert', 'two');
    // This very open makes the check: it is by a node of the old medium that the kernel asks.
    expect(await posix.readText(one.path('directory/file'))).toBe('in the other one, two');
    expect(await posix.readText(one.path('file'))).toBe('another file, on two');
  });

  it('there and back again, twice: nothing is left of it', async () => {
    const one = await scene({ ...LONG, ...ALWAYS });
    const { posix } = one;
    for (const medium of ['two', 'one', 'two', 'one']) {
      await one.drive('eject');
      expect(await one.look()).toBe('ENOMEDIUM');
      await one.drive('insert', medium);
      expect(await one.look()).toBe('ok');
      await eventually('its own file', async () => {
        return (await errnoOf(posix.stat(one.path(`only ${medium}`)))) === 'ok';
      });
    }
    await one.host.unmount(one.name);
    await isGone(one.point);
  });
});

describe('a check that uses volumes itself', () => {
  const commandOn = (...points: string[]): string =>
    points
      .map(
        (point) => `cat "${point}/file" && stat -c %s "${point}/directory/file" && ls "${point}"`,
      )
      .join(' && ');

  /** Its state once no check is under way. */
  const ended = (one: Scene): ReturnType<Scene['state']> =>
    eventually(
      'the check to end',
      async () => {
        const state = await one.state();
        return state.running === 0 && state;
      },
      15_000,
    );

  it('its own: is never asked from within, and ends', async () => {
    const one = await scene({ ...ALWAYS, entryTimeout: 0, attributeTimeout: 0 });
    await one.drive('set', 'command', commandOn(one.point));
    for (let time = 0; time < 5; time += 1) {
      expect(await one.posix.readText(one.path('file'))).toBe('one');
    }
    const { deepest, results } = await ended(one);
    expect(deepest).toBe(1);
    expect(new Set(results)).toEqual(new Set(['one6\ndirectory\nfile\nkind\nonly one']));
  });

  it('its own: from within, what was known last counts', async () => {
    const one = await scene({ ...ALWAYS, entryTimeout: 0, attributeTimeout: 0 });
    await one.drive('eject');
    expect(await one.look()).toBe('ENOMEDIUM');
    await one.drive('set', 'command', `cat "${one.point}/file" 2>&1; echo "$?"`);
    await one.drive('insert', 'two');
    expect(await one.look()).toBe('ok');
    const { results, deepest } = await one.state();
    expect(results[0]).toMatch(/No medium found\n1$/);
    expect(deepest).toBe(1);
    expect(await one.posix.readText(one.path('file'))).toBe('another file, on two');
  });

  it("two volumes', of one process, each other's: neither from within the other", async () => {
    const host = await startHost();
    const options = { ...ALWAYS, entryTimeout: 0, attributeTimeout: 0 };
    const one = await scene(options, host, 'one');
    const two = await scene(options, host, 'two');
    await one.drive('set', 'command', commandOn(two.point));
    await two.drive('set', 'command', commandOn(one.point));
    await Promise.all([one, two].map((each) => each.look()));
    expect(await one.look()).toBe('ok');
    expect(await two.look()).toBe('ok');
    for (const each of [one, two]) {
      const { deepest, results } = await ended(each);
      expect(deepest).toBe(1);
      expect(new Set(results)).toEqual(new Set(['one6\ndirectory\nfile\nkind\nonly one']));
    }
  });

  it("two volumes', of two processes, each other's: both end", async () => {
    const options = { entryTimeout: 0, attributeTimeout: 0, mediaCheckInterval: HOUR };
    const pair = async (): Promise<[Scene, Scene]> => {
      const one = await scene(options);
      const two = await scene(options);
      await one.drive('set', 'command', commandOn(two.point));
      await two.drive('set', 'command', commandOn(one.point));
      // As above.
      const states = await Promise.all([one.state(), two.state()]);
      return states.every(({ checks }) => checks === 0) ? [one, two] : pair();
    };
    const [one, two] = await pair();
    expect(await Promise.all([one.look(), two.look()])).toEqual(['ok', 'ok']);
    for (const each of [one, two]) {
      const state = await ended(each);
      expect(state).toMatchObject({ checks: 1, deepest: 1 });
      expect(state.results).toEqual(['one6\ndirectory\nfile\nkind\nonly one']);
    }
  });
});

describe('a check that goes wrong', () => {
  it('hangs: everybody goes on all the same, and the volume is unmounted', async () => {
    const one = await scene({ ...ALWAYS, operationTimeout: 60_000 });
    await one.drive('set', 'hangs', true);
    for (let time = 0; time < 3; time += 1) {
      expect(await one.posix.readText(one.path('file'))).toBe('one');
    }
    expect(await one.state()).toMatchObject({ checks: 1, running: 1 });
    await one.host.unmount(one.name);
    expect(await one.host.closed(one.name)).toBe('unmounted');
  });

  it('throws a mistake: it is reported, and the medium stays', async () => {
    const one = await scene(ALWAYS);
    await one.drive('set', 'mistaken', true);
    expect(await one.posix.readText(one.path('file'))).toBe('one');
    expect(await one.host.event('error')).toMatchObject({ callback: 'checkMedia' });
  });
});
