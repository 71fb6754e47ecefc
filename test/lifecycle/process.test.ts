import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childrenOf } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import {
  client,
  errnoOf,
  failure,
  isGone,
  mountPoint,
  mountsAt,
  startHost,
  temporary,
} from './place.js';

describe('two volumes in one process', () => {
  it('are independent', async () => {
    const directory = temporary();
    const [one, two] = [directory.directory('one'), directory.directory('two')];
    const host = await startHost();
    await Promise.all([host.mount('one', one), host.mount('two', two)]);
    await host.order('change', 'two', '/good', 'second');
    const posix = client();
    expect(await posix.readText(join(one, 'good'))).toBe('good');
    expect(await posix.readText(join(two, 'good'))).toBe('second');
    // A request of one that never ends is nothing to the other.
    const hanging = client();
    const fd = await hanging.open(join(one, 'readFile!never'), 'RDONLY');
    const read = errnoOf(hanging.pread(fd, 1, 0));
    await host.event('waiting');
    expect(await posix.readText(join(two, 'other'))).toBe('other');
    await host.unmount('one', { force: true });
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(await client().readText(join(two, 'good'))).toBe('second');
    await host.unmount('two');
    expect([...mountsAt(one), ...mountsAt(two)]).toEqual([]);
  });
});

describe('a Worker', () => {
  it('that is terminated leaves no mount, and other volumes live', async () => {
    const directory = temporary();
    const [one, two] = [directory.directory('one'), directory.directory('two')];
    const host = await startHost();
    await host.mount('one', one);
    expect(await host.order('worker', 'two', two)).toEqual({ mountPoint: two });
    const posix = client();
    expect(await posix.readText(join(two, 'good'))).toBe('good');
    const fd = await posix.open(join(two, 'good'), 'RDONLY');
    await host.order('terminate', 'two');
    await isGone(two);
    expect(await errnoOf(posix.pread(fd, 10, 0))).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(mountsAt(one)).toHaveLength(1);
    expect(await posix.readText(join(one, 'good'))).toBe('good');
    // Its place is free.
    await host.order('worker', 'two', two);
    expect(await posix.readText(join(two, 'good'))).toBe('good');
  });

  it('is refused unmountOnSignal, because signals only reach the main thread', async () => {
    const point = mountPoint();
    const host = await startHost();
    const error = await failure(host.order('worker', 'one', point, { unmountOnSignal: true }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' });
    expect(error.message).toContain("'unmountOnSignal'");
    expect(mountsAt(point)).toEqual([]);
  });
});

describe('the end of a process takes its volume with it', () => {
  const ends: [how: string, order: string, code: number, errors: RegExp][] = [
    ['process.exit', 'exit', 7, /^$/],
    ['an uncaught exception', 'throw', 1, /nobody catches this/],
    ['an unhandled rejection', 'reject', 1, /nobody handles this/],
  ];
  it.each(ends)('%s', async (_, order, code, errors) => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'good'), 'RDONLY');
    void host.order(order, code).catch(() => undefined);
    expect(await host.ends()).toEqual({ code, signal: null });
    expect(host.stderr).toMatch(errors);
    expect(mountsAt(point)).toEqual([]);
    expect(await errnoOf(posix.pread(fd, 10, 0))).toMatch(/ECONNABORTED|ENOTCONN/);
  });

  it('process.exit with a request in flight', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    const posix = client();
    const fd = await posix.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(posix.pread(fd, 10, 0));
    await host.event('waiting');
    void host.order('exit', 0).catch(() => undefined);
    expect(await host.ends()).toEqual({ code: 0, signal: null });
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(mountsAt(point)).toEqual([]);
  });

  it('a signal without unmountOnSignal and without a guard leaves a dead mount', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { autoUnmount: false });
    host.signal('SIGTERM');
    expect(await host.ends()).toEqual({ code: null, signal: 'SIGTERM' });
    // As the kernel has it: nobody was there to unmount. forceUnmount is the cure.
    expect(await errnoOf(client().stat(point))).toBe('ENOTCONN');
    await (await startHost()).mount('two', point, { forceUnmount: true });
    expect(await client().readText(join(point, 'good'))).toBe('good');
  });
});

describe('unmountOnSignal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s unmounts and ends', async (signal) => {
    const directory = temporary();
    const [one, two] = [directory.directory('one'), directory.directory('two')];
    const host = await startHost();
    await host.mount('one', one, { unmountOnSignal: true });
    await host.mount('two', two, { unmountOnSignal: true });
    await host.order('letGo');
    host.signal(signal);
    expect(await host.ends()).toEqual({ code: 0, signal: null });
    expect([...mountsAt(one), ...mountsAt(two)]).toEqual([]);
    expect(host.seen('unmounted')).toHaveLength(2);
    expect(host.stderr).toBe('');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s while mounting leaves nothing', async (signal) => {
    const point = mountPoint();
    const host = await startHost();
    const options = { unmountOnSignal: true };
    expect(await host.order('mountAndSignal', 'one', point, options, signal)).toEqual({
      mountPoint: point,
    });
    expect(await host.closed('one')).toBe('unmounted');
    expect(mountsAt(point)).toEqual([]);
    expect(host.seen('unmounted')).toHaveLength(1);
    // A mount that fails tells who asked for it, and signals are as they were.
    const failed = host.order('mountAndSignal', 'two', `${point}/missing`, options, signal);
    expect(await failure(failed)).toMatchObject({ code: 'ENOENT' });
    host.signal(signal);
    expect(await host.ends()).toEqual({ code: null, signal });
  });

  it('forces a volume in use', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point, { unmountOnSignal: true });
    await host.order('letGo');
    const posix = client();
    const fd = await posix.open(join(point, 'readFile!never'), 'RDONLY');
    const read = errnoOf(posix.pread(fd, 10, 0));
    await host.event('waiting');
    host.signal('SIGTERM');
    expect(await host.ends()).toEqual({ code: 0, signal: null });
    expect(await read).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(host.seen('closeFile', '/readFile!never')).toHaveLength(1);
    expect(host.seen('unmounted')).toHaveLength(1);
    expect(mountsAt(point)).toEqual([]);
  });

  it('leaves other volumes mounted, and signals as they were', async () => {
    const directory = temporary();
    const [one, two] = [directory.directory('one'), directory.directory('two')];
    const host = await startHost();
    await host.mount('one', one, { unmountOnSignal: true });
    await host.mount('two', two);
    host.signal('SIGTERM');
    expect(await host.closed('one')).toBe('unmounted');
    expect(await client().readText(join(two, 'good'))).toBe('good');
    host.signal('SIGTERM');
    expect(await host.ends()).toEqual({ code: null, signal: 'SIGTERM' });
  });
});

describe('a process with nothing but a volume', () => {
  it('stays alive, serves, and ends when the volume is gone', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.mount('one', point);
    await host.order('letGo');
    // It sleeps: nothing but the volume can wake it.
    await eventually('the process to sleep', () => {
      const [state] = readFileSync(`/proc/${host.pid}/stat`, 'utf8').split(') ').at(-1) ?? '';
      return state === 'S';
    });
    expect(await client().readText(join(point, 'good'))).toBe('good');
    expect(host.ended).toBeUndefined();
    await (await startHost()).order('unmountAt', point, {});
    expect(await host.ends()).toEqual({ code: 0, signal: null });
    expect(host.stderr).toBe('');
  });

  it('ends at once without a volume', async () => {
    const host = await startHost();
    const point = mountPoint();
    await host.mount('one', point);
    await host.unmount('one');
    await host.order('letGo');
    expect(await host.ends(3_000)).toEqual({ code: 0, signal: null });
  });
});

it('await using unmounts at the end of the block', async () => {
  const point = mountPoint();
  const host = await startHost();
  expect(await host.order('usingBlock', point)).toBeGreaterThan(0);
  expect(mountsAt(point)).toEqual([]);
});

describe('mounting and unmounting over and over', () => {
  const cycles = Number(process.env['NODE_DOKAN_CYCLES'] ?? 200);

  it.each([
    ['with a guard', cycles, {}],
    ['without', Math.ceil(cycles / 4), { autoUnmount: false }],
  ])(
    '%s leaks nothing',
    async (_, count, options) => {
      const point = mountPoint();
      const host = await startHost({ nodeArgs: ['--expose-gc'], deadline: count * 1_000 });
      await host.order('cycles', point, 20, options);
      const settled = await host.resources();
      await host.order('cycles', point, count, options);
      expect(mountsAt(point)).toEqual([]);
      // Threads end on their own time.
      await eventually('threads and descriptors to go', async () => {
        const now = await host.resources();
        return now.fds <= settled.fds && now.threads <= settled.threads;
      });
      await eventually('guards to go', () => childrenOf(host.pid).length === 0);
      await host.order('letGo');
      expect(await host.ends()).toEqual({ code: 0, signal: null });
      expect(host.stderr).toBe('');
    },
    60_000 + cycles * 500,
  );
});
