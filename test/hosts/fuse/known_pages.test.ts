import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import { POSITIONS } from '../../../lib/hosts/fuse/kept_listing.js';
import { KnownPages } from '../../../lib/hosts/fuse/known_pages.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import type { FindEntry } from '../../../lib/operations.js';
import { dispatched, type Dispatched } from './harness.js';
import { body, dirents } from './kernel.js';

const names = Array.from({ length: 40 }, (_none, index) => `name ${index}`);
const entries = Buffer.alloc(40 * 32, 7);

describe('KnownPages', () => {
  it('find what was kept, by node and offset', () => {
    const pages = new KnownPages();
    pages.keep(5, 2, names, entries);
    expect(pages.find(5, 2)).toMatchObject({ names, bytes: entries });
    expect(pages.find(5, 3)).toBeUndefined();
    expect(pages.find(6, 2)).toBeUndefined();
    // The numbers of nodes so high that the keys of two offsets are one.
    pages.keep(2 ** 40, 2, names, entries);
    expect(pages.find(2 ** 40, 2)).toBeDefined();
    expect(pages.find(2 ** 40, 3)).toBeUndefined();
  });

  it('want what is asked for a second time, and what they have', () => {
    const pages = new KnownPages();
    expect([pages.isWanted(5, 2), pages.isWanted(6, 2)]).toEqual([false, false]);
    expect([pages.isWanted(5, 2), pages.isWanted(6, 2)]).toEqual([true, true]);
    pages.keep(5, 2, names, entries);
    for (let node = 10; node < 20_000; node += 1) pages.isWanted(node, 2);
    expect([pages.isWanted(5, 2), pages.isWanted(6, 2)]).toEqual([true, false]);
  });

  it('take no more than they may, and forget the oldest first', () => {
    const one = entries.length + names.length * 8;
    const pages = new KnownPages(3 * one);
    for (const node of [1, 2, 3]) pages.keep(node, 2, names, entries);
    // In place of the old one.
    pages.keep(1, 2, names, entries);
    expect(pages.size).toBe(3 * one);
    pages.keep(4, 2, names, entries);
    expect([1, 2, 3, 4].map((node) => pages.find(node, 2) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    // Short ones are written as quickly, larger ones than all may take together are not kept either.
    pages.keep(4, 2, names.slice(0, 10), entries.subarray(0, 320));
    expect(pages.find(4, 2)).toBeUndefined();
    pages.keep(4, 2, names, Buffer.alloc(4 * one));
    expect(pages.size).toBe(0);
  });
});

interface Directory extends Dispatched {
  entries: FindEntry[];
}

function directory(entries: FindEntry[], options: Partial<SessionOptions> = {}): Directory {
  const all: Directory = Object.assign(
    dispatched(
      {
        createFile: (_path, _request, file) => void (file.isDirectory = true),
        getFileInformation: () => ({ attributes: FileAttributes.DIRECTORY, inode: 10 }),
        findFiles: () => all.entries,
      },
      options,
    ),
    { entries },
  );
  all.kernel.ask('GETATTR', 1, body.getattr());
  return all;
}

/** The bytes of a whole listing, as the kernel asks for it. */
function list({ kernel }: Directory, size: number): Buffer[] {
  const handle = kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
  const pages: Buffer[] = [];
  for (let offset = 0; ;) {
    const page = kernel.ask('READDIR', 1, body.read(handle, offset, size)).body;
    if (page.length === 0) break;
    pages.push(page);
    offset = dirents(page).at(-1)!.off;
  }
  kernel.ask('RELEASEDIR', 1, body.release(handle));
  return pages;
}

const many = (count: number): FindEntry[] =>
  Array.from({ length: count }, (_none, index) => ({
    name: `file ${index}`,
    size: 0,
    inode: index + 20,
  }));

describe('a directory that is listed again', () => {
  it('is not encoded anew, while it is the same', () => {
    const all = directory(many(1_000));
    const first = list(all, 4096);
    expect(all.kernel.session.knownPages.size).toBe(0);
    expect(list(all, 4096)).toEqual(first);
    const encode = vi.spyOn(all.kernel.session.codec, 'writePlain');
    all.entries = many(1_000);
    expect(list(all, 4096)).toEqual(first);
    expect(encode).not.toHaveBeenCalled();
    // The same with other borders between the replies.
    expect(Buffer.concat(list(all, 2048))).toEqual(Buffer.concat(first));
    expect(Buffer.concat(list(all, 8192))).toEqual(Buffer.concat(first));
  });

  const changes: [string, (entries: FindEntry[], index: number) => void][] = [
    ['none', () => undefined],
    ['a removal', (entries, index) => void entries.splice(index, 1)],
    ['a new one', (entries, index) => void entries.splice(index, 0, { name: 'new', inode: 9 })],
    ...[
      { name: 'other' },
      { name: 'über' },
      { name: 'x'.repeat(2000) },
      { inode: 7 },
      { inode: 2 ** 40 + 20 },
      { inode: 2n ** 60n },
      { inode: 0 },
      { attributes: FileAttributes.DIRECTORY },
      { mode: 0o120777 },
    ].map((change): [string, (entries: FindEntry[], index: number) => void] => [
      inspect(change),
      (entries, index) => void (entries[index] = { ...entries[index]!, ...change }),
    ]),
  ];

  it.each(changes)('shows what has changed in between: %s', (_what, change) => {
    for (const index of [0, 1, 100, 298, 299]) {
      const all = directory(many(300));
      for (let round = 0; round < 2; round += 1) list(all, 4096);
      all.entries = many(300);
      change(all.entries, index);
      const expected = list(directory(all.entries), 4096);
      for (let round = 0; round < 2; round += 1) expect(list(all, 4096)).toEqual(expected);
      // And back again.
      all.entries = many(300);
      expect(list(all, 4096)).toEqual(list(directory(many(300)), 4096));
    }
  });

  it('anew has positions of its own where the kernel keeps listings', () => {
    const all = directory(many(100), { listingTimeout: 60_000 });
    for (let round = 0; round < 3; round += 1) list(all, 32_768);
    const handle = all.kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
    const page = () => all.kernel.ask('READDIR', 1, body.read(handle, 0, 32_768)).body;
    const positions = () => dirents(page()).map(({ off }) => off);
    const first = positions();
    expect(first).toHaveLength(102);
    expect(positions()).toEqual(first.map((position) => position + POSITIONS));
  });

  it('that fails in between fails there', () => {
    const all = directory(many(100));
    for (let round = 0; round < 3; round += 1) list(all, 32_768);
    all.entries = all.entries.with(50, { name: 'a/b' });
    const handle = all.kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
    const page = all.kernel.ask('READDIR', 1, body.read(handle, 0, 32_768)).body;
    expect(dirents(page)).toHaveLength(52);
    expect(all.kernel.fail('READDIR', 1, body.read(handle, 52, 32_768))).toBe('EIO');
  });
});
