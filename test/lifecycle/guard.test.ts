import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childrenOf } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import { run } from '../support/tools.js';
import type { HostProcess } from './host_process.js';
import {
  client,
  errnoOf,
  isGone,
  mountPoint,
  mountsAt,
  Namespace,
  NOBODY,
  ownDirectory,
  startHost,
  temporary,
  withoutRoot,
} from './place.js';

/** The guards of a process: the numbers of the children that are one. */
function guardsOf(host: HostProcess): number[] {
  return childrenOf(host.pid)
    .map(Number)
    .filter((pid) => argumentsOf(pid)[3] === 'node-dokan-guard');
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

async function ended(pid: number): Promise<void> {
  await eventually(`process ${pid} to end`, () => argumentsOf(pid).length <= 1);
}

/** Takes a name of the kernel's until its standard input ends. */
const SQUAT = `
import socket, sys
name = socket.socket(socket.AF_UNIX)
name.bind('\\0' + sys.argv[1])
print('bound', flush=True)
sys.stdin.read()
`;

/** One volume and its guard. */
async function guarded(point: string): Promise<{ host: HostProcess; guard: number }> {
  const host = await startHost();
  await host.mount('one', point);
  // A thread of the process has started it and may just be handing it over to another one.
  const guard = await eventually('the guard', () => guardsOf(host)[0]);
  return { host, guard };
}

describe('a process that is killed leaves nothing behind', () => {
  it('by SIGKILL', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    await host.kill();
    await isGone(point);
    await ended(guard);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGSEGV'] as const)(
    'by %s, which nobody handles',
    async (signal) => {
      const point = mountPoint();
      const { host, guard } = await guarded(point);
      host.signal(signal);
      await host.ends();
      await isGone(point);
      await ended(guard);
    },
  );

  it('with a client that has looked at it just now, and one that has a file open', async () => {
    const point = mountPoint();
    const host = await startHost();
    // The kernel answers for the root by itself, dead or alive, for as long as it may.
    await host.mount('one', point, { attributeTimeout: 3_600_000, entryTimeout: 3_600_000 });
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    await posix.stat(point);
    await host.kill();
    await isGone(point);
    expect(await errnoOf(posix.pread(fd, 10, 0))).toMatch(/ECONNABORTED|ENOTCONN/);
  });

  it('with a request in flight', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(posix.pread(fd, 10, 0));
    await host.event('waiting');
    await host.kill();
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    await isGone(point);
  });

  it('while it mounts', async () => {
    for (let round = 0; round < 10; round += 1) {
      const point = mountPoint();
      const host = await startHost();
      const mounting = host.mount('one', point).catch(() => undefined);
      await eventually('the guard to start', () => guardsOf(host).length > 0);
      await host.kill();
      await mounting;
      await isGone(point);
    }
  });

  it.each([
    ['spaces', 'a  directory '],
    ['a newline', 'two\nlines'],
    ['a tab and a hash', 'tab\there#'],
    ['a backslash', String.raw`back\slash\040`],
    ['non-ASCII', 'Dateien-äöü-文件-🙂'],
    ['quotes and a command', `a"b'c$(touch x)\`touch y\`;*?[z]`],
    ['a leading dash', '-rf'],
  ])('at a place with %s', async (_, name) => {
    const directory = temporary();
    const [point, other] = [directory.directory(name), directory.directory(`${name}x`)];
    const host = await startHost();
    await host.mount('one', point);
    const another = await startHost();
    await another.mount('other', other);
    await host.kill();
    await isGone(point);
    expect(mountsAt(other)).toHaveLength(1);
  });

  it('with a hundred volumes', async () => {
    const directory = temporary();
    const host = await startHost({ deadline: 60_000 });
    const points = Array.from({ length: 100 }, (_, index) => directory.directory(`mnt-${index}`));
    await Promise.all(points.map((point, index) => host.mount(`v${index}`, point)));
    const guards = await eventually('a hundred guards', () => {
      const found = guardsOf(host);
      return found.length === 100 && found;
    });
    await host.kill();
    for (const point of points) await isGone(point);
    for (const guard of guards) await ended(guard);
  });
});

describe('a Worker that is terminated leaves nothing behind', () => {
  it('neither mount nor guard', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.order('worker', 'one', point);
    await eventually('the guard', () => guardsOf(host).length === 1);
    await host.order('terminate', 'one');
    await isGone(point);
    await eventually('the guard to be reaped', () => childrenOf(host.pid).length === 0);
  });

  it('also when its process is killed', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.order('worker', 'one', point);
    await host.kill();
    await isGone(point);
  });
});

describe('a guard', () => {
  it('ends with its volume and is reaped', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    await host.unmount('one');
    await ended(guard);
    await eventually('the guard to be reaped', () => childrenOf(host.pid).length === 0);
  });

  it('ends with a volume that somebody else unmounts', async () => {
    const point = mountPoint();
    const { host } = await guarded(point);
    await run('umount', [point]);
    await host.closed('one');
    await eventually('the guard to be reaped', () => childrenOf(host.pid).length === 0);
  });

  it('is left out with autoUnmount: false', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { autoUnmount: false });
    expect(childrenOf(host.pid)).toEqual([]);
  });

  it('has a session of its own, ignores what ends sessions, and holds nothing', async () => {
    const { guard } = await guarded(mountPoint());
    const fields = readFileSync(`/proc/${guard}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    expect(fields.slice(2, 4)).toEqual([String(guard), String(guard)]);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
      process.kill(guard, signal);
    }
    const open = execFileSync('ls', ['-l', `/proc/${guard}/fd`], { encoding: 'utf8' });
    expect(open.match(/ -> \S+/g)?.map((link) => link.replace(/\d+/, 'N'))).toEqual([
      ' -> pipe:[N]',
      ' -> /dev/null',
      ' -> /dev/null',
      ' -> socket:[N]',
    ]);
    await eventually('it to wait', () => readlinkSync(`/proc/${guard}/cwd`) === '/');
    expect(argumentsOf(guard)).toHaveLength(9);
  });

  it('that is killed is missed by nobody but the dead', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    process.kill(guard, 'SIGKILL');
    expect(await client().readText(join(point, 'good'))).toBe('good');
    await host.unmount('one');
    await host.mount('two', point);
    await host.unmount('two');
    await eventually('both to be reaped', () => childrenOf(host.pid).length === 0);
    expect(host.ended).toBeUndefined();
  });

  it.skipIf(withoutRoot)('leaves what was mounted on top, with what is below', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    await run('mount', ['-t', 'tmpfs', 'on-top', point]);
    await host.kill();
    await ended(guard);
    expect(mountsAt(point).map(({ type }) => type)).toEqual(['fuse.node-dokan', 'tmpfs']);
  });

  it.skipIf(withoutRoot)('leaves what has taken the place of its volume', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    host.signal('SIGSTOP');
    await run('umount', ['-l', point]);
    await run('mount', ['-t', 'tmpfs', 'another', point]);
    await host.kill();
    await ended(guard);
    expect(mountsAt(point).map(({ source }) => source)).toEqual(['another']);
  });

  it('of a volume that was taken away from a process that hangs ends', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    host.signal('SIGSTOP');
    const second = await startHost();
    await second.mount('two', point, { forceUnmount: true });
    expect(argumentsOf(guard)).toHaveLength(1);
    await host.kill();
    expect(await client().readText(join(point, 'good'))).toBe('good');
    expect(mountsAt(point)).toHaveLength(1);
    await second.unmount('two');
  });

  it('never takes the volume of who mounts at the same instant', async () => {
    const point = mountPoint();
    let host = await startHost();
    await host.mount('one', point);
    for (let round = 0; round < 10; round += 1) {
      const next = await startHost();
      // The guard wakes up while the place is taken over; sooner or later by a little.
      const dying = host.kill();
      if (round % 2 === 0) await dying;
      await next.mount('one', point, { forceUnmount: true });
      await dying;
      await eventually('the guard to be gone', () => guardsAt(point).length === 1);
      expect(mountsAt(point)).toHaveLength(1);
      expect(await client().readText(join(point, 'good'))).toBe('good');
      host = next;
    }
  });

  it('is waited for no longer than a mount may take when somebody squats on its name', async () => {
    const point = mountPoint();
    const { host, guard } = await guarded(point);
    const name = readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .find((line) => line.includes(` ${inodeOf(guard)} `))
      ?.split('@')[1];
    expect(name).toMatch(/^node-dokan\//);
    await host.unmount('one');
    await ended(guard);
    const squatter = spawn('python3', ['-c', SQUAT, name ?? ''], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const gone = new Promise((resolve) => squatter.once('close', resolve));
    await new Promise((resolve) => squatter.stdout.once('data', resolve));
    try {
      await host.mount('two', point);
      expect(await client().readText(join(point, 'good'))).toBe('good');
      // Without the name another one may be there, which answers and is left alone.
      const unclaimed = await eventually('the guard', () => guardsOf(host)[0]);
      expect(() => readlinkSync(`/proc/${unclaimed}/fd/3`)).toThrow('ENOENT');
      await host.kill();
      await isGone(point);
    } finally {
      squatter.stdin.end();
      await gone;
    }
  });
});

/** The inode of the socket that is a guard's descriptor 3. */
function inodeOf(guard: number): string {
  return /\d+/.exec(readlinkSync(`/proc/${guard}/fd/3`))?.[0] ?? '';
}

/** All guards of a place, whosever they are. */
function guardsAt(point: string): string[] {
  const list = execFileSync('pgrep', ['-f', 'node-dokan-guard'], { encoding: 'utf8' });
  return list.split('\n').filter((pid) => {
    const [, , , name, place] = argumentsOf(Number(pid));
    return name === 'node-dokan-guard' && place === point;
  });
}

describe.skipIf(withoutRoot)('a guard of a user without privileges', () => {
  it('takes the mount away through fusermount3', async () => {
    const directory = temporary();
    const namespace = await Namespace.create();
    await namespace.shareDevice(directory.directory('dev'));
    for (const name of ['own', 'it’s "own",\\ \n文']) {
      const point = ownDirectory(directory, name);
      const host = await namespace.host({ uid: NOBODY });
      await host.mount('one', point);
      namespace.start(NOBODY, 'sh', '-c', 'exec sleep 60 < "$0"/good', point);
      await host.event('createFile', '/good');
      await host.kill();
      await namespace.isGone(point);
    }
  });
});

describe.skipIf(withoutRoot)('a system without a shell', () => {
  it('mounts without a guard', async () => {
    const directory = temporary();
    const namespace = await Namespace.create();
    const point = directory.directory('mnt');
    const host = await namespace.host();
    // In the host's namespace /bin/sh is a file that nothing can run.
    const nothing = directory.directory('nothing');
    await namespace.run('touch', `${nothing}/sh`);
    await namespace.run('mount', '--bind', `${nothing}/sh`, '/bin/sh');
    await host.mount('one', point);
    expect(childrenOf(host.pid)).toEqual([]);
    await host.unmount('one');
    expect(namespace.mountsAt(point)).toEqual([]);
  });
});

it('keeps no process alive that has nothing else to do', async () => {
  const point = mountPoint();
  const { host, guard } = await guarded(point);
  await host.order('letGo');
  await (await startHost()).order('unmountAt', point, {});
  expect(await host.ends()).toEqual({ code: 0, signal: null });
  await ended(guard);
});

it('outlives its session, whose leader takes everybody along', async () => {
  const point = mountPoint();
  const program = new URL('./programs/host.mjs', import.meta.url).pathname;
  // setsid -w: a session as a terminal has; its group gets the signal.
  const session = spawn('setsid', ['--wait', process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = new Promise((resolve) => session.once('close', resolve));
  const [leader = ''] = await eventually('the host', () => {
    const children = childrenOf(session.pid ?? -1);
    return children.length > 0 && children;
  });
  session.stdin.write(`${JSON.stringify({ id: 1, order: 'mount', args: ['one', point, {}] })}\n`);
  await eventually('the mount', () => mountsAt(point).length === 1);
  process.kill(-Number(leader), 'SIGHUP');
  await ended;
  await isGone(point);
});
