import { describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import type { DokanOperations, FindEntry } from '../../../lib/operations.js';
import {
  dispatched,
  errnoOf,
  MOUNTED_AT,
  OPTIONS,
  settled,
  status,
  type Dispatched,
} from './harness.js';
import { body, cString, dirents, entryOut, u64, zeros, type Dirent, type Reply } from './kernel.js';

const DT_UNKNOWN = 0;
const DT_DIR = 4;
const DT_REG = 8;
const FUSE_UNKNOWN_INO = 0xffff_ffffn;
const VALID = { entry: OPTIONS.entryTimeout, attr: OPTIONS.attributeTimeout };
const FILE = {
  atime: MOUNTED_AT,
  mtime: MOUNTED_AT,
  ctime: MOUNTED_AT,
  mode: 0o100644,
  uid: 501,
  gid: 502,
};

type Entries = Iterable<FindEntry> | AsyncIterable<FindEntry>;

interface Listed extends Dispatched {
  handle: number;
  /** How often the file system was asked for its listing. */
  listings: () => number;
}

function listed(
  findFiles: () => Entries | Promise<Entries>,
  options: Partial<SessionOptions> = {},
  operations: Partial<DokanOperations> = {},
): Listed {
  let listings = 0;
  const all = dispatched(
    {
      createFile: (_path, _request, file) => void (file.isDirectory = true),
      getFileInformation: () => ({ attributes: FileAttributes.DIRECTORY, inode: 10 }),
      findFiles: () => {
        listings += 1;
        return findFiles();
      },
      ...operations,
    },
    options,
  );
  all.kernel.ask('GETATTR', 1, body.getattr());
  const handle = all.kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
  return { ...all, handle, listings: () => listings };
}

/** Reads as the kernel does: on from the offset of the last entry, until there is nothing more. */
function readAll({ kernel, handle }: Listed, size: number, plus = false, from = 0): Dirent[] {
  const all: Dirent[] = [];
  let offset = from;
  for (;;) {
    const name = plus ? 'READDIRPLUS' : 'READDIR';
    const reply = kernel.ask(name, 1, body.read(handle, offset, size));
    expect(reply.body.length).toBeLessThanOrEqual(size);
    const page = dirents(reply.body, plus);
    if (page.length === 0) return all;
    expect(page[0]!.off).toBeGreaterThan(offset);
    all.push(...page);
    offset = page.at(-1)!.off;
  }
}

const names = (entries: Dirent[]): string[] => entries.map(({ name }) => name);
const numbered = (count: number): FindEntry[] =>
  Array.from({ length: count }, (_none, index) => ({ name: `file ${index}`, size: 0 }));

describe('OPENDIR and RELEASEDIR', () => {
  it('open and close', () => {
    const calls: string[] = [];
    const all = listed(
      () => [],
      {},
      {
        cleanup: (path) => void calls.push(`cleanup ${path}`),
        closeFile: (path) => void calls.push(`closeFile ${path}`),
      },
    );
    calls.length = 0;
    const reply = all.kernel.ask('OPENDIR', 1, body.open(0));
    expect(reply.body).toEqual(Buffer.concat([u64(2), zeros(8)]));
    expect(all.kernel.ask('RELEASEDIR', 1, body.release(2)).length).toBe(16);
    expect(calls).toEqual(['cleanup /', 'closeFile /']);
    expect(all.kernel.fail('RELEASEDIR', 1, body.release(2))).toBe('EBADF');
    expect(all.kernel.fail('READDIR', 1, body.read(2, 0, 4096))).toBe('EBADF');
    expect(all.kernel.fail('OPENDIR', 9, body.open(0))).toBe('ESTALE');
  });

  it('let a listing go that was not read to its end', () => {
    let closed = 0;
    function* entries(): Iterable<FindEntry> {
      try {
        for (;;) yield { name: 'again', size: 0 };
      } finally {
        closed += 1;
      }
    }
    const all = listed(entries);
    all.kernel.ask('READDIR', 1, body.read(all.handle, 0, 200));
    all.kernel.ask('RELEASEDIR', 1, body.release(all.handle));
    expect(closed).toBe(1);
  });

  it('of a removed directory find it empty', () => {
    const all = listed(
      () => [],
      {},
      {
        deleteFile: () => undefined,
        deleteDirectory: () => undefined,
      },
    );
    const { kernel } = all;
    const node = kernel.ask('LOOKUP', 1, cString('d')).u64(0);
    const before = kernel.ask('OPENDIR', node, body.open(0)).u64(0);
    kernel.ask('RMDIR', 1, cString('d'));
    const after = kernel.ask('OPENDIR', node, body.open(0)).u64(0);
    for (const handle of [before, after]) {
      const reply = kernel.ask('READDIR', node, body.read(handle, 0, 4096));
      expect(names(dirents(reply.body))).toEqual(['.', '..']);
      expect(kernel.fail('RELEASEDIR', node, body.release(handle))).toBe('OK');
    }
    expect(all.listings()).toBe(0);
  });
});

describe('READDIR', () => {
  it('writes exactly what the kernel reads', () => {
    const all = listed(
      () => [
        { name: 'a', size: 1, inode: 2n ** 64n - 1n },
        { name: 'directory', attributes: FileAttributes.DIRECTORY },
        { name: 'only a name' },
        { name: 'no inode', size: 0, inode: 0 },
      ],
      {},
      { getFileSecurity: () => Buffer.alloc(2000, 0xff).fill(Buffer.of(1, 0, 0, 0x80), 0, 4) },
    );
    // What an earlier reply has left in the memory must not show.
    all.kernel.ask('GETXATTR', 1, body.getxattr('system.ntfs_acl', 2000));
    const reply = all.kernel.ask('READDIR', 1, body.read(all.handle, 0, 4096));
    expect(dirents(reply.body)).toMatchObject([
      { ino: 10n, off: 1, type: DT_DIR, name: '.' },
      { ino: 10n, off: 2, type: DT_DIR, name: '..' },
      { ino: 2n ** 64n - 1n, off: 3, type: DT_REG, name: 'a' },
      { ino: FUSE_UNKNOWN_INO, off: 4, type: DT_DIR, name: 'directory' },
      { ino: FUSE_UNKNOWN_INO, off: 5, type: DT_UNKNOWN, name: 'only a name' },
      { ino: FUSE_UNKNOWN_INO, off: 6, type: DT_REG, name: 'no inode' },
    ]);
    // The padding is zeros: what lay there is somebody else's.
    expect(reply.body.subarray(24 + 1, 32)).toEqual(zeros(7));
    expect(all.kernel.session.nodes.size).toBe(1);
  });

  it('names the parent of a directory', () => {
    const all = listed(() => []);
    const { kernel } = all;
    const node = kernel.ask('LOOKUP', 1, cString('d')).u64(0);
    const handle = kernel.ask('OPENDIR', node, body.open(0)).u64(0);
    const reply = kernel.ask('READDIR', node, body.read(handle, 0, 4096));
    expect(dirents(reply.body).map(({ ino }) => ino)).toEqual([10n, 10n]);
  });

  it.each([4096, 1024, 64, 40, 32])('goes on where it was, %d bytes at a time', (size) => {
    const all = listed(() => numbered(20));
    const found = readAll(all, size);
    expect(names(found)).toEqual(['.', '..', ...numbered(20).map(({ name }) => name)]);
    expect(found.map(({ off }) => off)).toEqual(found.map((_entry, index) => index + 1));
    expect(all.listings()).toBe(1);
  });

  it.each([0, 1, 24, 31])('answers nothing when not one entry fits in %d bytes', (size) => {
    const all = listed(() => numbered(3));
    expect(all.kernel.ask('READDIR', 1, body.read(all.handle, 0, size)).length).toBe(16);
  });

  it('fills a reply to the last byte, and no further', () => {
    // 32 bytes each, the dots as well.
    const all = listed(() => [{ name: '12345678' }, { name: 'abcdefgh' }]);
    const read = (size: number): string[] =>
      names(dirents(all.kernel.ask('READDIR', 1, body.read(all.handle, 0, size)).body));
    expect(read(128)).toHaveLength(4);
    expect(read(127)).toHaveLength(3);
    expect(read(96)).toHaveLength(3);
    expect(read(2 ** 32 - 1)).toHaveLength(4);
  });

  it('lists a large directory in large pages', () => {
    const all = listed(() => numbered(50_000));
    expect(readAll(all, 2 ** 20)).toHaveLength(50_002);
    expect(all.kernel.transport.sent.at(-2)!.length).toBeGreaterThan(2 ** 19);
  });

  it('goes back to where telldir was (seekdir)', () => {
    const all = listed(() => numbered(10));
    const found = readAll(all, 100);
    expect(names(readAll(all, 4096, false, found[4]!.off))).toEqual(names(found.slice(5)));
    expect(names(readAll(all, 64, false, 1))).toEqual(names(found.slice(1)));
    expect(all.listings()).toBe(1);
  });

  it('may begin anywhere', () => {
    const all = listed(() => numbered(10));
    expect(names(readAll(all, 4096, false, 11))).toEqual(['file 9']);
    for (const offset of [12, 1_000, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n]) {
      const reply = all.kernel.ask('READDIR', 1, body.read(all.handle, offset, 4096));
      expect(reply.body).toHaveLength(0);
    }
  });

  it('shows what is there now after rewinddir', () => {
    const now = numbered(2);
    const all = listed(() => now);
    expect(readAll(all, 4096)).toHaveLength(4);
    now.push({ name: 'new' });
    expect(readAll(all, 4096, false, 2)).toHaveLength(2);
    expect(names(readAll(all, 4096)).at(-1)).toBe('new');
    expect(all.listings()).toBe(2);
  });

  it('leaves out names the kernel could not take', () => {
    const all = listed(
      () => [
        { name: 'x'.repeat(1025) },
        { name: 'y'.repeat(1024) },
        { name: '\ud800' },
        { name: 'a:b' },
        { name: 'c\uf03ad' },
        { name: '\udcff' },
      ],
      { altStreams: true },
    );
    const found = names(readAll(all, 4096)).slice(2);
    expect(found).toEqual(['y'.repeat(1024), 'c:d', '\xff']);
    // Every page ends somewhere: entries that are left out have their offsets.
    expect(names(readAll(all, 32)).slice(2)).toEqual(['\xff'].slice(1));
  });

  it('pads names of every length with zeros', () => {
    const lengths = Array.from({ length: 40 }, (_none, index) => index + 1);
    const all = listed(
      () => lengths.map((length) => ({ name: 'x'.repeat(length) })),
      {},
      { getFileSecurity: () => Buffer.alloc(8000, 0xff).fill(Buffer.of(1, 0, 0, 0x80), 0, 4) },
    );
    all.kernel.ask('GETXATTR', 1, body.getxattr('system.ntfs_acl', 8000));
    const reply = all.kernel.ask('READDIR', 1, body.read(all.handle, 2, 8000)).body;
    let at = 0;
    for (const length of lengths) {
      const end = at + Math.ceil((24 + length) / 8) * 8;
      expect(reply.toString('latin1', at + 24, end)).toBe(
        'x'.repeat(length).padEnd(end - at - 24, '\0'),
      );
      at = end;
    }
    expect(reply.length).toBe(at);
  });

  /** As bytes, in latin1. */
  const encoded = (name: string): string => Buffer.from(name).toString('latin1');

  it.each([4096, 300, 100, 64])(
    'lists names that are longer in bytes among others, %d bytes at a time',
    (size) => {
      const given = ['a', 'bb', 'über', 'c', '漢字', '\u{1f600}', 'd:e', 'f'.repeat(30)];
      const many = [...given, ...given.map((name) => `${name}2`)];
      const all = listed(() => many.map((name) => ({ name, size: 1, inode: 5 })));
      const expected = ['.', '..', ...many.map(encoded)];
      expect(names(readAll(all, size))).toEqual(expected);
      // Again, now that it is known what names there are; and from the middle.
      expect(names(readAll(all, size))).toEqual(expected);
      expect(names(readAll(all, size, false, 7))).toEqual(expected.slice(7));
    },
  );

  it('goes on behind a page of names that the kernel cannot take', () => {
    const lost = Array.from({ length: 30 }, () => ({ name: 'no\ud800' }));
    const all = listed(() => [...lost, { name: 'last' }]);
    expect(names(readAll(all, 200))).toEqual(['.', '..', 'last']);
    expect(names(readAll(all, 200, false, 2))).toEqual(['last']);
  });

  it.each([true, false])(
    'never makes one character of the halves in two names (all else ASCII: %s)',
    (plain) => {
      const all = listed(() => [
        { name: plain ? 'a' : 'ä' },
        { name: 'b\ud83d' },
        { name: '\ude00c' },
        { name: 'd' },
      ]);
      expect(names(readAll(all, 4096)).slice(2)).toEqual([encoded(plain ? 'a' : 'ä'), 'd']);
    },
  );

  describe.each([
    ['with a slash', 'a/b'],
    ['with a NUL', 'a\0'],
    ['that is a slash', '/'],
    ['that is too long besides', `${'x'.repeat(2000)}/`],
  ])('a wrong name, one %s', (_what, wrong) => {
    function broken(log: string[], before = numbered(3)): () => Entries {
      return function* () {
        try {
          yield* before;
          yield { name: wrong };
          yield* numbered(200);
        } finally {
          log.push('finally');
        }
      };
    }

    it.each([4096, 96])('hands out what came before it, %d bytes at a time', (size) => {
      const log: string[] = [];
      const all = listed(broken(log));
      const { kernel, handle, errors } = all;
      const found: string[] = [];
      // Every entry before it is there, so that they count up to where to go on.
      const read = () => kernel.try('READDIR', 1, body.read(handle, found.length, size));
      let reply = read();
      for (; reply.errno === 0; reply = read()) {
        const page = dirents(reply.body);
        // An empty one would be the end of the directory.
        expect(page).not.toEqual([]);
        found.push(...names(page));
      }
      expect(errnoOf(reply)).toBe('EIO');
      expect(found).toEqual(['.', '..', 'file 0', 'file 1', 'file 2']);
      expect(kernel.fail('READDIR', 1, body.read(handle, 5, 4096))).toBe('EIO');
      expect(kernel.fail('READDIRPLUS', 1, body.read(handle, 5, 4096))).toBe('EIO');
      expect(errors).toMatchObject([{ callback: 'findFiles', path: '/' }]);
      expect(log).toEqual(['finally']);
    });

    it('fails where that is the first', () => {
      const { kernel, handle } = listed(broken([], []));
      expect(kernel.fail('READDIR', 1, body.read(handle, 2, 4096))).toBe('EIO');
    });

    it('fails where the listing is at its end already', () => {
      const { kernel, handle } = listed(() => [{ name: 'good' }, { name: wrong }]);
      const reply = kernel.ask('READDIR', 1, body.read(handle, 0, 4096));
      expect(names(dirents(reply.body))).toEqual(['.', '..', 'good']);
      expect(kernel.fail('READDIR', 1, body.read(handle, 3, 4096))).toBe('EIO');
    });
  });

  it.each<[string, object]>([
    ['inode', { inode: -1 }],
    ['mode', { mode: 2 ** 32 }],
    ['attributes', { attributes: -1 }],
    ['attributes beside permissions', { mode: 0o644, attributes: -1 }],
  ])('fails at a wrong %s', (_what, wrong) => {
    const all = listed(() => [{ name: 'good' }, { name: 'bad', ...wrong }]);
    const reply = all.kernel.ask('READDIR', 1, body.read(all.handle, 0, 4096));
    expect(names(dirents(reply.body))).toEqual(['.', '..', 'good']);
    expect(all.kernel.fail('READDIR', 1, body.read(all.handle, 3, 4096))).toBe('EIO');
    expect(all.errors).toMatchObject([{ callback: 'findFiles', path: '/' }]);
  });

  it('calls the file system for no more than one entry beyond what fits', () => {
    let pulled = 0;
    const all = listed(function* () {
      for (const entry of numbered(100)) {
        pulled += 1;
        yield entry;
      }
    });
    // 32 bytes each.
    all.kernel.ask('READDIR', 1, body.read(all.handle, 0, 160));
    expect(pulled).toBe(4);
    all.kernel.ask('READDIR', 1, body.read(all.handle, 5, 160));
    expect(pulled).toBe(9);
  });

  it('waits for entries that take time', async () => {
    async function* entries(): AsyncIterable<FindEntry> {
      for (const entry of numbered(300)) {
        await Promise.resolve();
        yield entry;
      }
    }
    const all = listed(entries);
    const { kernel, handle } = all;
    const found: Dirent[] = [];
    for (;;) {
      const unique = kernel.post('READDIR', 1, body.read(handle, found.length, 1000));
      for (let turn = 0; turn < 20; turn += 1) await settled();
      const page = dirents(kernel.reply(unique).body);
      if (page.length === 0) break;
      found.push(...page);
    }
    expect(found).toHaveLength(302);
    expect(all.listings()).toBe(1);
  });

  it.each([false, true])(
    'hands out what came before an error, then that (async: %s)',
    async (later) => {
      function* entries(): Iterable<FindEntry> {
        yield* numbered(3);
        throw status('DEVICE_DATA_ERROR');
      }
      async function* entriesLater(): AsyncIterable<FindEntry> {
        await Promise.resolve();
        yield* entries();
      }
      const { kernel, handle } = listed(later ? entriesLater : entries);
      const read = async (offset: number): Promise<Reply> => {
        const unique = kernel.post('READDIR', 1, body.read(handle, offset, 4096));
        await settled();
        return kernel.reply(unique);
      };
      expect(dirents((await read(0)).body)).toHaveLength(5);
      expect(dirents((await read(3)).body)).toHaveLength(2);
      expect(errnoOf(await read(5))).toBe('EIO');
      expect(errnoOf(await read(5))).toBe('EIO');
    },
  );

  it('fails when there is no listing at all', () => {
    const all = listed(() => {
      throw status('ACCESS_DENIED');
    });
    expect(all.kernel.fail('READDIR', 1, body.read(all.handle, 0, 4096))).toBe('EACCES');
  });

  it('answers EOPNOTSUPP, not ENOSYS, without the callback', () => {
    const { kernel } = dispatched({
      createFile: (_path, _how, file) => void (file.isDirectory = true),
    });
    const handle = kernel.ask('OPENDIR', 1, body.open(0)).u64(0);
    expect(kernel.fail('READDIR', 1, body.read(handle, 0, 4096))).toBe('EOPNOTSUPP');
    expect(kernel.fail('READDIRPLUS', 1, body.read(handle, 0, 4096))).toBe('EOPNOTSUPP');
  });
});

describe('READDIRPLUS', () => {
  const entries: FindEntry[] = [
    { name: 'a', size: 5, inode: 77 },
    { name: 'only a name' },
    { name: 'no size', attributes: FileAttributes.NORMAL, inode: 78 },
    { name: 'd', attributes: FileAttributes.DIRECTORY },
  ];

  it('tells of each file what a lookup would, and counts that', () => {
    const all = listed(() => entries);
    const reply = all.kernel.ask('READDIRPLUS', 1, body.read(all.handle, 0, 4096));
    const [dot, dots, a, name, size, d] = dirents(reply.body, true);
    for (const entry of [dot, dots, name, size]) expect(entry?.entry).toEqual(zeros(128));
    expect(a).toMatchObject({ ino: 77n, off: 3, type: DT_REG, name: 'a', nodeId: 2 });
    expect(a?.entry).toEqual(entryOut(2, 0, VALID, { ...FILE, ino: 77, size: 5 }));
    expect(name).toMatchObject({ type: DT_UNKNOWN });
    expect(size).toMatchObject({ ino: 78n, type: DT_REG });
    expect(d).toMatchObject({ ino: 3n, type: DT_DIR, nodeId: 3 });
    const { nodes } = all.kernel.session;
    expect([nodes.get(2).lookups, nodes.get(3).lookups]).toEqual([1, 1]);
    expect(nodes.size).toBe(3);
    // Once more is one lookup more.
    expect(readAll(all, 4096, true)).toHaveLength(6);
    expect(nodes.get(2).lookups).toBe(2);
  });

  it.each([4096, 400, 168, 160])('goes on where it was, %d bytes at a time', (size) => {
    const all = listed(() => numbered(7).map(({ name }) => ({ name, size: 1 })));
    expect(readAll(all, size, true)).toHaveLength(9);
    // An entry that did not fit was not counted.
    const { nodes } = all.kernel.session;
    for (let id = 2; id < 9; id += 1) expect(nodes.get(id).lookups).toBe(1);
  });

  it('tells no more than the name of what was renamed since, and takes nothing from it', () => {
    const all = listed(() => [
      { name: 'a', size: 1, inode: 1 },
      { name: 'b', size: 1, inode: 2 },
    ]);
    const { kernel } = all;
    const { nodes } = kernel.session;
    const a = nodes.enter(nodes.root, 'a', { inode: 1 }, 0o100644);
    kernel.ask('READDIRPLUS', 1, body.read(all.handle, 0, 2 * 152));
    nodes.rename(nodes.root, 'a', nodes.root, 'b');
    const reply = kernel.ask('READDIRPLUS', 1, body.read(all.handle, 3, 4096));
    const [b] = dirents(reply.body, true);
    expect(b).toMatchObject({ name: 'b', ino: 2n });
    expect(b?.entry).toEqual(zeros(128));
    expect([nodes.path(a), a.lookups]).toEqual(['/b', 1]);
  });

  it('takes the lookups back when the reply does not arrive', () => {
    const all = listed(() => entries);
    const { kernel } = all;
    const known = kernel.ask('READDIRPLUS', 1, body.read(all.handle, 2, 180));
    expect(names(dirents(known.body, true))).toEqual(['a']);
    kernel.transport.sendResult = -2;
    kernel.post('READDIRPLUS', 1, body.read(all.handle, 0, 4096));
    const { nodes } = kernel.session;
    expect(nodes.size).toBe(2);
    expect(nodes.get(2).lookups).toBe(1);
  });

  it('looks at what a listing of names has left out', () => {
    let sizes = 0;
    const lazy = (name: string, size: number): FindEntry => ({
      name,
      inode: 5,
      mode: 0o100644,
      get size() {
        sizes += 1;
        return size;
      },
      get attributes(): number {
        throw new Error('not to be asked for');
      },
    });
    const all = listed(() => [{ name: 'good', size: 1 }, lazy('bad', -1), lazy('last', 1)]);
    const { kernel, handle, errors } = all;
    expect(names(readAll(all, 4096))).toEqual(['.', '..', 'good', 'bad', 'last']);
    expect([sizes, errors]).toEqual([0, []]);
    const reply = kernel.ask('READDIRPLUS', 1, body.read(handle, 2, 4096));
    expect(names(dirents(reply.body, true))).toEqual(['good']);
    expect(kernel.fail('READDIRPLUS', 1, body.read(handle, 3, 4096))).toBe('EIO');
    expect(kernel.fail('READDIR', 1, body.read(handle, 3, 4096))).toBe('EIO');
    expect(errors).toMatchObject([{ callback: 'findFiles', path: '/' }]);
  });

  it('looks at the size where nothing else says what an entry is', () => {
    const { kernel, handle, errors } = listed(() => [{ name: 'bad', size: -1 }]);
    const dots = kernel.ask('READDIR', 1, body.read(handle, 0, 4096));
    expect(names(dirents(dots.body))).toEqual(['.', '..']);
    expect(kernel.fail('READDIR', 1, body.read(handle, 2, 4096))).toBe('EIO');
    expect(errors).toMatchObject([{ callback: 'findFiles', path: '/' }]);
  });

  it('takes nothing back for a part of the listing', () => {
    function* broken(): Iterable<FindEntry> {
      yield entries[0]!;
      throw status('DEVICE_DATA_ERROR');
    }
    const all = listed(broken);
    const read = (offset: number): Reply =>
      all.kernel.try('READDIRPLUS', 1, body.read(all.handle, offset, 4096));
    expect(dirents(read(0).body, true)).toHaveLength(3);
    expect(errnoOf(read(3))).toBe('EIO');
    expect(all.kernel.session.nodes.get(2).lookups).toBe(1);
  });
});
