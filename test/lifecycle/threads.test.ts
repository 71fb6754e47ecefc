import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MountOptions } from 'node-dokan';
import { atExit } from '../support/cleanup.js';
import { eventually, within } from '../support/eventually.js';
import type { HostOptions, HostProcess } from './host_process.js';
import { client, errnoOf, failure, isGone, mountPoint, mountsAt, startHost } from './place.js';

const MODULE = './threads_module.mjs';

const OWNED = { threads: 2 };
const STATELESS = { threads: 2, stateless: true };
const MODES: [string, MountOptions][] = [
  ['of which each open belongs to one', OWNED],
  ['of a stateless file system', STATELESS],
];

async function mounted(
  options: MountOptions,
  point = mountPoint(),
  how: HostOptions = {},
): Promise<{ host: HostProcess; point: string }> {
  const host = await startHost(how);
  const all = { directIo: true, ...options };
  await host.order('mountModule', 'one', point, MODULE, all);
  return { host, point };
}

function start(program: string, ...args: string[]): { child: ChildProcess; end: Promise<string> } {
  const child = spawn(program, args, { stdio: 'ignore' });
  const released = atExit(() => child.kill('SIGKILL'));
  const end = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      released();
      resolve(signal ?? String(code));
    });
  });
  return { child, end: within('a client to end', 15_000, end) };
}

describe.each(MODES)('two threads %s', (_, options) => {
  it('both serve, at the same time', async () => {
    const { host, point } = await mounted(options);
    const path = join(point, 'readFile!compute');
    // One after the other they would overlap with nobody.
    await eventually('two threads to compute at once', async () => {
      await Promise.all([start('cat', path).end, start('cat', path).end]);
      return new Set(host.seen('compute').map(({ thread }) => thread)).size === 2;
    });
    expect(await host.calls('one', 'createFile')).toBeGreaterThan(0);
    await host.unmount('one');
    expect(await host.closed('one')).toBe('unmounted');
    expect(mountsAt(point)).toEqual([]);
    // Each has its own operations, and is told of the volume.
    for (const event of ['mounted', 'unmounted']) {
      expect(
        host
          .seen(event)
          .map(({ thread }) => thread)
          .sort(),
      ).toEqual([0, 1]);
    }
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('let clients that wait go by %s', async (signal) => {
    const { host, point } = await mounted({ ...options, operationTimeout: 60_000 });
    for (const where of ['readFile', 'queryOpen', 'createFile', 'findFiles']) {
      // Of one name the kernel asks only once at a time.
      const paths = [1, 2, 3, 4].map((number) => `/${where}!never${number}`);
      const program = where === 'findFiles' ? 'ls' : 'cat';
      const clients = paths.map((path) => start(program, join(point, path)));
      for (const path of paths) await host.event('waiting', path);
      for (const { child } of clients) child.kill(signal);
      for (const { end } of clients) expect(await end).toBe(signal);
      for (const path of paths) await host.event('signal', path);
    }
    expect(await client().readText(join(point, 'good'))).toBe('good');
    expect(host.seen('error')).toEqual([]);
  });

  it.each(['exit', 'throw', 'memory'])('are replaced when one dies by %s', async (how) => {
    const { host, point } = await mounted(options, mountPoint(), {
      // Sooner than the machine.
      nodeArgs: ['--max-old-space-size=100'],
    });
    const posix = client();
    const others = [client(), client()];
    const waiting = others.map((other) => errnoOf(other.readFile(join(point, 'readFile!never'))));
    await eventually('both to wait', () => host.seen('waiting').length === 2);
    for (let time = 1; time <= 2; time += 1) {
      expect(await errnoOf(posix.readFile(join(point, `readFile!${how}`)))).toBe('EIO');
      await eventually('its death', () => host.seen('error').length === time);
      expect(host.seen('error').at(-1)?.code).toBe('ERR_THREAD_DIED');
      expect(await client().readText(join(point, 'good'))).toBe('good');
    }
    await eventually('the new ones to be told', () => host.seen('mounted').length === 4);
    expect((await client().names(point)).sort()).toEqual(['good', 'other']);
    await host.unmount('one', { force: true });
    for (const errno of await Promise.all(waiting)) {
      expect(errno).toMatch(/EIO|ECONNABORTED|ENOTCONN/);
    }
    expect(mountsAt(point)).toEqual([]);
  });

  it('are given up when they die over and over', async () => {
    const { host, point } = await mounted(options);
    const posix = client();
    await eventually('the volume to be lost', async () => {
      await errnoOf(posix.stat(join(point, 'queryOpen!exit')));
      return host.seen('closed').length === 1;
    });
    expect(await host.closed('one')).toBe('lost');
    await isGone(point);
  });

  it('go by force, whatever they are waiting for', async () => {
    const { host, point } = await mounted(options);
    const posix = client();
    const waiting = errnoOf(posix.readFile(join(point, 'readFile!never')));
    await host.event('waiting');
    expect((await failure(host.unmount('one', { timeout: 0 }))).code).toBe('EBUSY');
    await host.unmount('one', { force: true, timeout: 0 });
    expect(await waiting).toMatch(/ECONNABORTED|ENOTCONN/);
    expect(await host.closed('one')).toBe('forced');
    // Their threads are gone, and so is what they had open.
    await host.order('mountModule', 'two', point, MODULE, options);
    expect(await client().readText(join(point, 'good'))).toBe('good');
  });

  it('go when somebody else unmounts', async () => {
    const { host, point } = await mounted(options);
    expect(await start('umount', point).end).toBe('0');
    expect(await host.closed('one')).toBe('ejected');
  });

  it('go with their process, by exit, by an exception, by a signal and by SIGKILL', async () => {
    const point = mountPoint();
    for (const how of ['exit', 'throw', 'SIGTERM', 'SIGKILL'] as const) {
      const { host } = await mounted({ ...options, unmountOnSignal: true }, point);
      const posix = client();
      const waiting = errnoOf(posix.readFile(join(point, 'readFile!never')));
      await host.event('waiting');
      if (how === 'exit' || how === 'throw') void host.order(how, 0).catch(() => undefined);
      else host.signal(how);
      expect(await waiting).toMatch(/EIO|ECONNABORTED|ENOTCONN/);
      if (how === 'SIGTERM') await host.order('letGo');
      await host.ends();
      await isGone(point);
    }
  });

  it('do nothing while nobody asks', async () => {
    const { host, point } = await mounted(options);
    await Promise.all([client().readFile(join(point, 'good')), client().names(point)]);
    const wakeUps = (): string =>
      readdirSync(`/proc/${host.pid}/task`)
        .map((task) => readFileSync(`/proc/${host.pid}/task/${task}/status`, 'utf8'))
        .map((text) => /Name:\s*(.*)[^]*\nvoluntary_ctxt_switches:\s*(\d+)/.exec(text))
        .map((found) => `${found?.[1]} ${found?.[2]}`)
        .join();
    let last = wakeUps();
    let since = performance.now();
    const quiet = (): boolean => {
      const now = wakeUps();
      if (now !== last) since = performance.now();
      last = now;
      return performance.now() - since > 1_000;
    };
    // V8 tidies up in each thread, several seconds after the last request; others may list mounts.
    await eventually('a second without a wake-up', quiet, 60_000);
  }, 70_000);

  it('are warned of once when they use the volume themselves', async () => {
    const { host, point } = await mounted(options);
    for (let time = 0; time < 3; time += 1) {
      expect(await client().readText(join(point, 'readFile!use'))).toBe('');
    }
    await eventually('the warning', () => host.stderr.includes('NODE_DOKAN_OWN_MOUNT'));
    await host.unmount('one');
    expect(host.stderr.split('NODE_DOKAN_OWN_MOUNT')).toHaveLength(2);
    expect(host.stderr).toContain(`A thread that serves the volume at ${point} also uses it`);
  });

  it('let the main thread use the volume', async () => {
    const { host, point } = await mounted(options);
    expect(await host.order('readHere', join(point, 'good'))).toBe('good');
    expect(host.stderr).not.toContain('OWN_MOUNT');
  });
});

describe('an open file', () => {
  it('stays with the thread that has opened it', async () => {
    const { host, point } = await mounted(OWNED);
    const seen = new Set<string>();
    await eventually(
      'opens of both threads',
      async () => {
        const posix = client();
        const busy = start('cat', join(point, 'readFile!compute'));
        await eventually('one to be busy', () => host.seen('compute').length > seen.size);
        const fd = await posix.open(join(point, 'who'), 'RDONLY');
        const texts = new Set<string>();
        for (let time = 0; time < 30; time += 1) {
          texts.add((await posix.pread(fd, 100, 0)).toString());
        }
        expect(texts.size).toBe(1);
        const [text = ''] = texts;
        expect(text).toMatch(/^(0 0|1 1) of 2$/);
        seen.add(text);
        await posix.closeFd(fd);
        await busy.end;
        return seen.size === 2;
      },
      20_000,
    );
  });

  it('of a stateless file system belongs to nobody', async () => {
    const { point } = await mounted(STATELESS);
    const posix = client();
    const fd = await posix.open(join(point, 'who'), 'RDONLY');
    for (let time = 0; time < 5; time += 1) {
      expect((await posix.pread(fd, 100, 0)).toString()).toMatch(/^undefined [01] of 2$/);
    }
  });

  it('is none where a stateless file system needs none', async () => {
    const { host, point } = await mounted({ ...STATELESS, noOpen: true, directIo: false });
    const posix = client();
    const threads = new Set<string>();
    await eventually(
      'both threads to read without an open',
      async () => {
        // One of them is busy, and it may be either.
        const busy = start('cat', join(point, 'readFile!compute'));
        const fd = await posix.open(join(point, 'who'), 'RDONLY|DIRECT');
        const text = (await posix.preadDirect(fd, 4096, 0)).toString();
        await posix.closeFd(fd);
        await busy.end;
        expect(text).toMatch(/^undefined [01] of 2$/);
        threads.add(text);
        return threads.size === 2;
      },
      20_000,
    );
    expect(await host.calls('one', 'createFile')).toBe(0);
    await host.unmount('one');
    expect(await host.closed('one')).toBe('unmounted');
  });

  it('of a thread that has died fails, and closes', async () => {
    const { host, point } = await mounted(OWNED);
    const posix = client();
    const fds: number[] = [];
    for (let time = 0; time < 20; time += 1) {
      fds.push(await posix.open(join(point, 'who'), 'RDONLY'));
    }
    expect(await errnoOf(client().readFile(join(point, 'readFile!exit')))).toBe('EIO');
    expect(await errnoOf(client().readFile(join(point, 'readFile!exit')))).toBe('EIO');
    await eventually('two deaths', () => host.seen('error').length === 2);
    const results = new Set<string>();
    for (const fd of fds) {
      results.add(await errnoOf(posix.pread(fd, 100, 0)));
      await posix.closeFd(fd);
    }
    expect([...results].filter((result) => result !== 'EIO' && result !== 'ok')).toEqual([]);
    expect(results).toContain('EIO');
    await host.unmount('one');
  });
});

describe('mounting with threads', () => {
  it.each([
    ['nothing.mjs', 'ERR_FILE_SYSTEM_MODULE', 'no default export'],
    ['text.mjs', 'ERR_FILE_SYSTEM_MODULE', 'neither operations nor a function'],
    ['throws.mjs', 'ERR_FILE_SYSTEM_MODULE', 'does not like you'],
    ['exits.mjs', 'ERR_FILE_SYSTEM_MODULE', 'exit code 0'],
    ['rejects.mjs', 'ERR_FILE_SYSTEM_MODULE', 'nothing to show'],
    ['missing.mjs', 'ERR_FILE_SYSTEM_MODULE', 'missing.mjs'],
    ['media.mjs', 'ERR_INVALID_OPTION', 'checkMedia'],
    ['unserving.mjs', 'EIO', 'A thread cannot serve the volume (no loop watches it)'],
  ])('fails for the module %s, and leaves nothing', async (module, code, reason) => {
    const point = mountPoint();
    const host = await startHost();
    const before = await host.resources();
    const mounting = host.order('mountModule', 'one', point, `./bad_modules/${module}`, OWNED);
    const error = await failure(mounting);
    expect(error.code).toBe(code);
    expect(error.message).toContain(reason);
    expect(mountsAt(point)).toEqual([]);
    await eventually('no thread to be left', async () => {
      const { threads, fds } = await host.resources();
      return threads <= before.threads && fds <= before.fds;
    });
  });

  it('takes CommonJS modules', async () => {
    const point = mountPoint();
    const host = await startHost();
    await host.order('mountModule', 'one', point, './common.cjs', OWNED);
    expect(await client().readText(join(point, 'any'))).toBe('cjs');
  });

  it('loads a module for one thread where it is', async () => {
    const { host, point } = await mounted({});
    const posix = client();
    expect((await posix.readFile(join(point, 'who'))).toString()).toBe('0 0 of 1');
    await host.unmount('one');
  });

  it('fails for an object, and for options that threads cannot keep', async () => {
    const host = await startHost();
    const point = mountPoint();
    const object = await failure(host.mount('one', point, OWNED));
    expect(object).toMatchObject({ code: 'ERR_INVALID_OPTION' });
    expect(object.message).toContain('import.meta.url');
    const locks = { ...OWNED, userModeLock: true };
    const mounting = host.order('mountModule', 'one', point, MODULE, locks);
    expect(await failure(mounting)).toMatchObject({ code: 'ERR_INVALID_OPTION' });
    const data = await failure(host.mount('one', point, { data: 1 }));
    expect(data).toMatchObject({ code: 'ERR_INVALID_OPTION' });
    expect(mountsAt(point)).toEqual([]);
  });
});
