import { mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MountOptions } from '../../lib/options.js';
import { eventually } from '../support/eventually.js';
import type { Posix } from '../support/posix.js';
import type { HostProcess } from './host_process.js';
import { client, errnoOf, mountPoint, startHost, temporary } from './place.js';

const HOUR = 3_600_000;
const LONG = { attributeTimeout: HOUR, entryTimeout: HOUR };
/** Long enough that a listing is served at all, short enough to wait for its end. */
const SHORT = { attributeTimeout: 400, entryTimeout: 400 };
const RENAME_EXCHANGE = 2;

interface Mirror {
  host: HostProcess;
  /** The directory that is shown, to be changed behind the kernel's back. */
  root: string;
  point: string;
  /** How often the file system was asked for a listing. */
  listings: () => Promise<number>;
}

async function mirror(options: MountOptions): Promise<Mirror> {
  const root = temporary().directory('root');
  const point = mountPoint();
  const host = await startHost();
  await host.order('mountMirror', 'one', point, root, options);
  return { host, root, point, listings: () => host.calls('one', 'findFiles') };
}

const make = (root: string, ...names: string[]): void => {
  for (const name of names) writeFileSync(join(root, name), name);
};

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_none, index) => `file-${String(index).padStart(6, '0')}`);

/** Some names of an open directory, without the dots. */
async function readSome(posix: Posix, stream: number, count: number): Promise<string[]> {
  const entries = await posix.readdir(stream, count);
  return entries.map(({ name }) => name.toString()).filter((name) => !/^\.\.?$/.test(name));
}

/** The rest of an open directory. */
async function readOn(posix: Posix, stream: number): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const some = await posix.readdir(stream, 2_000);
    all.push(...some.map(({ name }) => name.toString()));
    if (some.length < 2_000) return all.filter((name) => !/^\.\.?$/.test(name)).sort();
  }
}

async function rewound(posix: Posix, stream: number): Promise<string[]> {
  await posix.rewinddir(stream);
  return readOn(posix, stream);
}

/** Has the kernel serve the listing of a directory, which the proof is for. */
async function warm({ listings }: Mirror, posix: Posix, path: string): Promise<void> {
  await posix.names(path);
  const before = await listings();
  await posix.names(path);
  expect(await listings()).toBe(before);
}

describe('a listing that the kernel keeps', () => {
  it('is asked for once, and tells of each file what the next look wants to know', async () => {
    const one = await mirror(LONG);
    make(one.root, 'a', 'b', 'c');
    const posix = client();
    await warm(one, posix, one.point);
    const looks = await one.host.calls('one', 'queryOpen');
    for (const name of ['a', 'b', 'c'])
      expect((await posix.stat(join(one.point, name))).size).toBe(1);
    expect(await one.host.calls('one', 'queryOpen')).toBe(looks);
  });

  it('is asked for each time where it is not to be kept', async () => {
    for (const options of [{ ...LONG, cacheListings: false }, { entryTimeout: 0 }]) {
      const { root, point, listings } = await mirror(options);
      make(root, 'a');
      const posix = client();
      for (let time = 1; time <= 3; time += 1) {
        expect(await posix.names(point)).toEqual(['a']);
        expect(await listings()).toBe(time);
      }
    }
  });

  it('is not kept for several threads, who know nothing of each other’s opens', async () => {
    const host = await startHost();
    const point = mountPoint();
    await host.order('mountModule', 'one', point, './threads_module.mjs', { ...LONG, threads: 2 });
    const posix = client();
    for (let time = 1; time <= 3; time += 1) {
      await posix.names(point);
      expect(await host.calls('one', 'findFiles')).toBe(time);
    }
  });

  it('has 20,000 entries', async () => {
    const one = await mirror(LONG);
    const names = numbered(20_000);
    make(one.root, ...names);
    const posix = client();
    await warm(one, posix, one.point);
    expect(await posix.names(one.point)).toEqual(names);
    // In portions as large as glibc's, and from two opens at once.
    const streams = [await posix.opendir(one.point), await posix.opendir(one.point)];
    for (const stream of streams) expect(await readOn(posix, stream)).toEqual(names);
  });

  it('that failed midway is not kept', async () => {
    const host = await startHost();
    const point = mountPoint();
    await host.mount('one', point, LONG);
    const posix = client();
    for (let time = 1; time <= 3; time += 1) {
      expect(await errnoOf(posix.names(join(point, 'findFiles!iterator-throws')))).toBe('EIO');
      expect(await host.calls('one', 'findFiles')).toBe(time);
    }
  });

  it('is whole for everybody who reads it at the same time', async () => {
    const { host, root, point } = await mirror(SHORT);
    const names = numbered(3_000);
    make(root, ...names);
    const readers = [client(), client(), client(), client()];
    await Promise.all(
      readers.map(async (posix, reader) => {
        for (let time = 0; time < 15; time += 1) {
          expect(await posix.names(point)).toEqual(names);
          if (reader === 0) await host.order('notify', 'one', 'updated', '/');
        }
      }),
    );
  });
});

describe('a change behind the kernel’s back', () => {
  it('is seen when the listing is too old, by a further open', async () => {
    const one = await mirror(SHORT);
    make(one.root, 'a');
    const posix = client();
    expect(await posix.names(one.point)).toEqual(['a']);
    make(one.root, 'b');
    await eventually('the new name', async () => (await posix.names(one.point)).includes('b'));
    unlinkSync(join(one.root, 'a'));
    await eventually('the old to go', async () => (await posix.names(one.point)).length === 1);
  });

  it('is seen by who has the directory open and begins anew', async () => {
    const one = await mirror(SHORT);
    make(one.root, 'a');
    const posix = client();
    const stream = await posix.opendir(one.point);
    expect(await readOn(posix, stream)).toEqual(['a']);
    for (const name of ['b', 'c']) {
      make(one.root, name);
      await eventually(name, async () => (await rewound(posix, stream)).includes(name));
    }
  });

  it('that is told of is seen at once, by both', async () => {
    const one = await mirror(LONG);
    make(one.root, 'a');
    const { host, root, point } = one;
    const posix = client();
    await warm(one, posix, point);
    const stream = await posix.opendir(point);
    expect(await readOn(posix, stream)).toEqual(['a']);
    const seen = async (...names: string[]): Promise<void> => {
      await eventually(names.join(), async () => {
        return (await rewound(posix, stream)).join() === names.join();
      });
      expect(await posix.names(point)).toEqual(names);
    };
    // The kernel does not know the names, and so finds nothing to drop for them.
    make(root, 'b');
    // The proof that there is something to drop.
    expect(await rewound(posix, stream)).toEqual(['a']);
    await host.order('notify', 'one', 'created', '/b', false);
    await seen('a', 'b');
    make(root, 'c');
    await host.order('notify', 'one', 'renamed', '/x', '/c', false);
    await seen('a', 'b', 'c');
    unlinkSync(join(root, 'b'));
    await host.order('notify', 'one', 'deleted', '/b', false);
    await seen('a', 'c');
    unlinkSync(join(root, 'c'));
    await host.order('notify', 'one', 'updated', '/');
    await seen('a');
    // Nobody had it open meanwhile.
    await posix.closedir(stream);
    await warm(one, posix, point);
    make(root, 'd');
    expect(await posix.names(point)).toEqual(['a']);
    await host.order('notify', 'one', 'created', '/d', false);
    await eventually('d', async () => (await posix.names(point)).includes('d'));
  });

  it('while a kept listing is read: what is left of it is read exactly once', async () => {
    const one = await mirror(LONG);
    const { host, root, point } = one;
    const names = numbered(6_000);
    make(root, ...names);
    const posix = client();
    await warm(one, posix, point);
    const stream = await posix.opendir(point);
    const read = await readSome(posix, stream, 100);
    for (const name of read) unlinkSync(join(root, name));
    const before = await one.listings();
    await host.order('notify', 'one', 'updated', '/');
    // It is dropped when another open has to ask.
    await eventually('the kernel to ask', async () => {
      await posix.names(point);
      return (await one.listings()) > before;
    });
    const rest = await readOn(posix, stream);
    expect([...read, ...rest].sort()).toEqual(names);
  });
});

describe('a change through the mount', () => {
  type Change = (posix: Posix, directory: string, outside: string) => Promise<unknown>;
  const changes: [what: string, change: Change][] = [
    ['create', async (posix, d) => posix.closeFd(await posix.open(join(d, 'new'), 'RDWR|CREAT'))],
    ['mkdir', (posix, d) => posix.mkdir(join(d, 'new'))],
    ['symlink', (posix, d) => posix.symlink('a', join(d, 'new'))],
    ['link', (posix, d) => posix.link(join(d, 'a'), join(d, 'new'))],
    ['link from elsewhere', (posix, d, out) => posix.link(join(out, 'x'), join(d, 'new'))],
    ['unlink', (posix, d) => posix.unlink(join(d, 'a'))],
    ['rmdir', (posix, d) => posix.rmdir(join(d, 'empty'))],
    ['rename', (posix, d) => posix.rename(join(d, 'a'), join(d, 'new'))],
    ['rename over', (posix, d) => posix.rename(join(d, 'a'), join(d, 'b'))],
    ['rename out', (posix, d, out) => posix.rename(join(d, 'a'), join(out, 'new'))],
    ['rename in', (posix, d, out) => posix.rename(join(out, 'x'), join(d, 'new'))],
    [
      'exchange',
      async (posix, d, out) => {
        await posix.renameat2(join(d, 'empty'), join(out, 'x'), RENAME_EXCHANGE);
      },
    ],
  ];

  it.each(changes)('%s: is seen at once, by further opens and open ones', async (_what, change) => {
    const one = await mirror(LONG);
    for (const directory of ['d', 'out', 'd/empty']) mkdirSync(join(one.root, directory));
    make(one.root, 'd/a', 'd/b', 'out/x');
    const posix = client();
    const changer = client();
    const directory = join(one.point, 'd');
    const outside = join(one.point, 'out');
    const truth = (name: string): string[] => readdirSync(join(one.root, name)).sort();
    const kinds = async (): Promise<string[]> =>
      (await posix.scandir(directory)).map(({ name, kind }) => `${name.toString()} ${kind}`).sort();
    for (const path of [directory, outside]) await warm(one, posix, path);
    const streams = [await posix.opendir(directory), await posix.opendir(outside)];
    for (const stream of streams) await readOn(posix, stream);
    // Those that are open already, first: further opens would have the kernel drop it.
    await change(changer, directory, outside);
    expect(await rewound(posix, streams[0]!)).toEqual(truth('d'));
    expect(await rewound(posix, streams[1]!)).toEqual(truth('out'));
    expect(await posix.names(directory)).toEqual(truth('d'));
    expect(await posix.names(outside)).toEqual(truth('out'));
    const expected = readdirSync(join(one.root, 'd'), { withFileTypes: true }).map(
      (entry) =>
        `${entry.name} ${entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'symlink' : 'file'}`,
    );
    expect(await kinds()).toEqual(expected.sort());
    // And is kept again.
    for (const stream of streams) await posix.closedir(stream);
    await posix.names(directory);
    await warm(one, posix, directory);
  });

  it('while a kept listing is read: each file is read and removed once', async () => {
    const one = await mirror(LONG);
    const names = numbered(5_000);
    make(one.root, ...names);
    const posix = client();
    const other = client();
    await warm(one, posix, one.point);
    const stream = await posix.opendir(one.point);
    const removed: string[] = [];
    for (;;) {
      const some = await readSome(posix, stream, 500);
      if (some.length === 0) break;
      removed.push(...some);
      await posix.unlinkMany(one.point, some);
      // Somebody else lists it, and has the kernel keep what is there now.
      await other.names(one.point);
    }
    expect(removed.sort()).toEqual(names);
    expect(await posix.names(one.point)).toEqual([]);
    expect(readdirSync(one.root)).toEqual([]);
  });

  it('while it is listed by others: who lists next has it', async () => {
    const one = await mirror(LONG);
    make(one.root, ...numbered(2_000));
    const listing = [client(), client(), client()];
    const posix = client();
    let isOver = false;
    const busy = listing.map(async (reader) => {
      while (!isOver) await reader.names(one.point);
    });
    for (let number = 0; number < 15; number += 1) {
      const name = `new-${number}`;
      await posix.writeFile(join(one.point, name), 'x');
      expect(await posix.names(one.point)).toContain(name);
      await posix.unlink(join(one.point, name));
      expect(await posix.names(one.point)).not.toContain(name);
    }
    isOver = true;
    await Promise.all(busy);
  });
});
