import { afterEach, describe, expect, it, vi } from 'vitest';
import { forgetMedium } from '../../../lib/hosts/fuse/media.js';
import { FuseNotifications } from '../../../lib/hosts/fuse/notifications.js';
import type { FindEntry, MediaState } from '../../../lib/operations.js';
import { dispatched, type Dispatched } from './harness.js';
import { body, cString } from './kernel.js';

afterEach(() => void vi.useRealTimers());

interface Drive extends Dispatched {
  /** What the next check answers. */
  state: MediaState;
  entries: FindEntry[];
}

const DIRECTORY = { mode: 0o040755 };
const isDirectory = (path: string): boolean => path === '/' || path === '/d';

/** A volume with removable media, in which `d` is a directory, `m` is missing, and all else is a file. */
async function drive(): Promise<Drive> {
  vi.useFakeTimers({ toFake: ['performance'] });
  const made: Drive = {
    ...dispatched(
      {
        createFile: (path, _request, file) => {
          file.isDirectory = isDirectory(path);
        },
        queryOpen: (path) => {
          if (path.endsWith('/m')) throw Object.assign(new Error(path), { code: 'ENOENT' });
          return isDirectory(path) ? DIRECTORY : { size: 7 };
        },
        getFileInformation: () => ({ size: 7 }),
        readFile: () => 1,
        findFiles: () => made.entries,
        checkMedia: () => {
          const { state } = made;
          if (state === 'changed') made.state = 'present';
          return state;
        },
      },
      { negativeTimeout: 1_000 },
    ),
    state: 'present',
    entries: [{ name: 'a' }, { name: 'b' }],
  };
  const { dispatcher, kernel } = made;
  const notifications = new FuseNotifications(kernel.session);
  dispatcher.onMediaChange((state) => forgetMedium(kernel.session, notifications, state));
  await dispatcher.mounted('/mnt');
  return made;
}

function lookUp({ kernel }: Drive, parent: number, name: string): number {
  return kernel.ask('LOOKUP', parent, cString(name)).u64(0);
}

function open({ kernel }: Drive, node: number): number {
  return kernel.ask('OPEN', node, body.open(0)).u64(0);
}

/** Lets the next request ask, and makes one. */
function look(one: Drive, state: MediaState): string {
  vi.advanceTimersByTime(500);
  one.state = state;
  return one.kernel.fail('STATFS', 1);
}

/** What the kernel was told to forget: nodes, and names in nodes. */
function forgotten({ kernel }: Drive): string[] {
  return kernel.transport.notified.splice(0).map((message) => {
    const node = message.readUInt32LE(16);
    if (message.readInt32LE(4) === 2) return `node ${node}`;
    return `${message.subarray(32, -1).toString()} in ${node}`;
  });
}

describe('a medium that has gone', () => {
  it('is forgotten by the kernel: names in the root, attributes and pages of everything', async () => {
    const one = await drive();
    const d = lookUp(one, 1, 'd');
    const a = lookUp(one, d, 'a');
    const b = lookUp(one, 1, 'b');
    expect(forgotten(one)).toEqual([]);
    expect(look(one, 'absent')).toBe('ENOMEDIUM');
    const told = forgotten(one);
    expect(told).toEqual(expect.arrayContaining(['d in 1', 'b in 1', 'node 1']));
    expect(told.slice(-3)).toEqual([`node ${d}`, `node ${a}`, `node ${b}`]);
    expect(look(one, 'absent')).toBe('ENOMEDIUM');
    expect(look(one, 'present')).toBe('OK');
    expect(forgotten(one)).toEqual([]);
  });

  it('has the same nodes when it is back', async () => {
    const one = await drive();
    const d = lookUp(one, 1, 'd');
    const fh = open(one, lookUp(one, 1, 'f'));
    look(one, 'absent');
    expect(one.kernel.fail('LOOKUP', 1, cString('d'))).toBe('ENOMEDIUM');
    expect(one.kernel.fail('GETATTR', d, body.getattr())).toBe('ENOMEDIUM');
    expect(one.kernel.fail('READ', 1, body.read(fh, 0, 10))).toBe('ENOMEDIUM');
    look(one, 'present');
    expect(lookUp(one, 1, 'd')).toBe(d);
    one.kernel.ask('READ', 1, body.read(fh, 0, 10));
  });

  it('lists nothing, not even what was read before', async () => {
    const one = await drive();
    const fh = one.kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
    const all = one.kernel.ask('READDIR', 1, body.read(fh, 0, 4096)).length;
    look(one, 'absent');
    expect(one.kernel.fail('READDIR', 1, body.read(fh, 2, 4096))).toBe('ENOMEDIUM');
    look(one, 'present');
    expect(one.kernel.ask('READDIR', 1, body.read(fh, 0, 4096)).length).toBe(all);
  });
});

describe('another medium', () => {
  it('has other nodes: those so far are stale, and their handles', async () => {
    const one = await drive();
    const d = lookUp(one, 1, 'd');
    const f = lookUp(one, d, 'f');
    const fh = open(one, f);
    const directory = one.kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
    one.kernel.ask('READDIR', 1, body.read(directory, 0, 4096));
    expect(look(one, 'changed')).toBe('OK');
    expect(forgotten(one)).toEqual(expect.arrayContaining(['d in 1', `node ${d}`, `node ${f}`]));
    const { kernel } = one;
    expect(kernel.fail('GETATTR', f, body.getattr())).toBe('ESTALE');
    expect(kernel.fail('OPEN', f, body.open(0))).toBe('ESTALE');
    expect(kernel.fail('LOOKUP', d, cString('f'))).toBe('ESTALE');
    expect(kernel.fail('READ', f, body.read(fh, 0, 10))).toBe('ESTALE');
    expect(kernel.fail('READDIR', 1, body.read(directory, 2, 4096))).toBe('ESTALE');
    const fresh = lookUp(one, 1, 'd');
    expect(fresh).not.toBe(d);
    expect(kernel.ask('READ', 1, body.read(open(one, lookUp(one, fresh, 'f')), 0, 10)).errno).toBe(
      0,
    );
    // What is stale is let go as always.
    kernel.ask('RELEASE', f, body.release(fh));
    kernel.post('FORGET', f, body.forget(1));
    kernel.post('FORGET', d, body.forget(1));
    expect(kernel.session.nodes.find(f)).toBeUndefined();
    expect(kernel.session.nodes.find(d)).toBeUndefined();
  });

  it.each([
    ['OPEN', 'f'],
    ['OPENDIR', 'd'],
  ] as const)(
    'found by %s itself: the open is closed, and the kernel looks again',
    async (name, path) => {
      const one = await drive();
      const node = lookUp(one, 1, path);
      vi.advanceTimersByTime(500);
      one.state = 'changed';
      expect(one.kernel.fail(name, node, body.open(0))).toBe('ESTALE');
      expect(one.dispatcher.openCount).toBe(0);
      one.kernel.ask(name, lookUp(one, 1, path), body.open(0));
    },
  );

  it('found by GETATTR itself: the kernel looks again', async () => {
    const one = await drive();
    const node = lookUp(one, 1, 'f');
    vi.advanceTimersByTime(500);
    one.state = 'changed';
    expect(one.kernel.fail('GETATTR', node, body.getattr())).toBe('ESTALE');
  });

  it('may have what was missing in the root: the kernel does not remember that', async () => {
    const one = await drive();
    const d = lookUp(one, 1, 'd');
    expect(one.kernel.fail('LOOKUP', 1, cString('m'))).toBe('ENOENT');
    // Below, it forgets that with the directory.
    expect(one.kernel.ask('LOOKUP', d, cString('m')).u64(0)).toBe(0);
  });

  it('of hundreds of files: the table is as small as before', async () => {
    const one = await drive();
    const nodes = Array.from({ length: 500 }, (_, index) => lookUp(one, 1, `f${index}`));
    look(one, 'changed');
    for (const node of nodes) one.kernel.post('FORGET', node, body.forget(1));
    expect(one.kernel.session.nodes.size).toBe(1);
  });
});
