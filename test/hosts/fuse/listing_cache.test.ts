import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import { DirectoryHandle } from '../../../lib/hosts/fuse/handles.js';
import { ListingCache } from '../../../lib/hosts/fuse/listing_cache.js';
import { Node } from '../../../lib/hosts/fuse/node.js';
import { FuseNotifications } from '../../../lib/hosts/fuse/notifications.js';
import type { SessionOptions } from '../../../lib/hosts/fuse/session.js';
import type { DokanOperations, FileInformation, FindEntry } from '../../../lib/operations.js';
import { dispatched, errnoOf, settled, status, type Kernel } from './harness.js';
import { body, cString, dirents, u32, type Dirent } from './kernel.js';

const FOPEN_KEEP_CACHE = 2;
const FOPEN_CACHE_DIR = 8;
const FUSE_NOTIFY_INVAL_INODE = 2;

/** Milliseconds a listing may be served in these tests. */
const LIFETIME = 1_000;

/** How OPENDIR is answered: the kernel drops what it keeps, is served from it, or does without it. */
const FRESH = FOPEN_CACHE_DIR;
const SERVED = FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE;
const APART = FOPEN_KEEP_CACHE;

type Entries = Iterable<FindEntry> | AsyncIterable<FindEntry>;

/** Names with a d are directories. */
const isDirectory = (path: string): boolean => /\/(?:d[^/]*)?$/.test(path);
const informationOf = (path: string): FileInformation => ({
  attributes: isDirectory(path) ? FileAttributes.DIRECTORY : 0,
});

class Volume {
  readonly kernel: Kernel;
  readonly notify: FuseNotifications;
  /** What the root has. */
  entries: () => Entries | Promise<Entries> = () => ['a', 'b', 'c'].map((name) => ({ name }));
  listings = 0;

  constructor(
    options: Partial<SessionOptions> = {},
    operations: Partial<DokanOperations> = {},
    minor = 45,
  ) {
    const all: DokanOperations = {
      createFile: (path, _request, file) => {
        file.isDirectory = isDirectory(path);
        return 'created';
      },
      getFileInformation: informationOf,
      queryOpen: (path) => {
        if (path.endsWith('/missing')) throw status('OBJECT_NAME_NOT_FOUND');
        return informationOf(path);
      },
      findFiles: () => {
        this.listings += 1;
        return this.entries();
      },
      deleteFile: () => undefined,
      deleteDirectory: () => undefined,
      cleanup: () => undefined,
      moveFile: () => undefined,
      exchangeFiles: () => undefined,
      createSymbolicLink: () => undefined,
      createHardLink: () => undefined,
      ...operations,
    };
    const { kernel } = dispatched(all, { listingTimeout: LIFETIME, ...options }, {}, minor);
    this.kernel = kernel;
    this.notify = new FuseNotifications(kernel.session);
  }

  open(node = 1): { handle: number; flags: number } {
    const reply = this.kernel.ask('OPENDIR', node, body.open(0));
    return { handle: reply.u64(0), flags: reply.u32(8) };
  }

  close(handle: number): void {
    this.kernel.ask('RELEASEDIR', 1, body.release(handle));
  }

  read(handle: number, offset: number, size = 4096, node = 1): Dirent[] {
    return dirents(this.kernel.ask('READDIR', node, body.read(handle, offset, size)).body);
  }

  /** Reads on from an offset to the end. */
  readOn(handle: number, offset = 0, node = 1): Dirent[] {
    const all: Dirent[] = [];
    for (;;) {
      const page = this.read(handle, all.at(-1)?.off ?? offset, 4096, node);
      if (page.length === 0) return all;
      all.push(...page);
      expect(all.length).toBeLessThan(100);
    }
  }

  /** As a program that lists a directory. @returns how its open was answered */
  list(node = 1): number {
    const { handle, flags } = this.open(node);
    // Served from what it keeps the kernel asks nothing.
    if (flags !== SERVED) this.readOn(handle, 0, node);
    this.close(handle);
    return flags;
  }

  lookUp(name: string, parent = 1): number {
    return this.kernel.ask('LOOKUP', parent, cString(name)).u64(0);
  }

  /** Nodes the kernel was told to drop everything of. */
  takeInvalidated(): number[] {
    return this.kernel.transport.notified
      .splice(0)
      .filter((message) => message.readInt32LE(4) === FUSE_NOTIFY_INVAL_INODE)
      .map((message) => Number(message.readBigUInt64LE(16)));
  }
}

const names = (entries: Dirent[]): string[] => entries.map(({ name }) => name);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an open of a directory', () => {
  it('may be served from the listing of the one before it', () => {
    const volume = new Volume();
    expect(volume.list()).toBe(FRESH);
    expect(volume.list()).toBe(SERVED);
    expect(volume.list()).toBe(SERVED);
    expect(volume.listings).toBe(1);
  });

  it('is answered as ever where nothing is to be kept', () => {
    const volume = new Volume({ listingTimeout: 0 });
    expect(volume.list()).toBe(0);
    expect(volume.list()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is answered as ever by kernels that have a mistake there', () => {
    for (const [minor, flags] of [
      [36, 0],
      [37, FRESH],
    ] as const) {
      const { kernel } = new Volume({}, {}, minor);
      expect(kernel.ask('OPENDIR', 1, body.open(0)).u32(8)).toBe(flags);
    }
  });

  it('is served while the listing is young, counted from its beginning', async () => {
    const volume = new Volume();
    let go: (entries: FindEntry[]) => void = () => undefined;
    volume.entries = () => new Promise((resolve) => (go = resolve));
    const { handle } = volume.open();
    const reading = volume.kernel.post('READDIR', 1, body.read(handle, 0, 4096));
    await vi.advanceTimersByTimeAsync(LIFETIME * 0.4);
    go([{ name: 'late' }]);
    await settled();
    volume.readOn(handle, dirents(volume.kernel.reply(reading).body).at(-1)!.off);
    volume.close(handle);
    volume.entries = () => [];
    expect(volume.list()).toBe(SERVED);
    vi.advanceTimersByTime(LIFETIME * 0.1 + 1);
    expect(volume.list()).toBe(FRESH);
    expect(volume.listings).toBe(2);
  });

  it('is not served from a listing that took longer than it would be good for', async () => {
    const volume = new Volume();
    let go: (entries: FindEntry[]) => void = () => undefined;
    volume.entries = () => new Promise((resolve) => (go = resolve));
    const { handle } = volume.open();
    const reading = volume.kernel.post('READDIR', 1, body.read(handle, 0, 4096));
    await vi.advanceTimersByTimeAsync(LIFETIME * 2);
    go([{ name: 'late' }]);
    await settled();
    volume.readOn(handle, dirents(volume.kernel.reply(reading).body).at(-1)!.off);
    // Who has it open might begin anew.
    await vi.advanceTimersByTimeAsync(1);
    expect(volume.takeInvalidated()).toEqual([1]);
    volume.close(handle);
    expect(volume.open().flags).toBe(FRESH);
  });

  it('is not served from what was not read to its end', () => {
    const volume = new Volume();
    const { handle } = volume.open();
    expect(names(volume.read(handle, 0))).toEqual(['.', '..', 'a', 'b', 'c']);
    volume.close(handle);
    expect(volume.list()).toBe(FRESH);
    expect(volume.list()).toBe(SERVED);
  });

  it('is not served from a listing that failed midway', () => {
    const volume = new Volume();
    volume.entries = function* () {
      yield { name: 'a' };
      throw status('ACCESS_DENIED');
    };
    const { handle } = volume.open();
    const [, , { off } = { off: 0 }] = volume.read(handle, 0);
    const failed = volume.kernel.try('READDIR', 1, body.read(handle, off, 4096));
    expect(errnoOf(failed)).toBe('EACCES');
    volume.close(handle);
    expect(volume.open().flags).toBe(FRESH);
  });

  it('beside another one neither fills nor drops what that fills, and asks for itself', () => {
    const volume = new Volume();
    const first = volume.open();
    const second = volume.open();
    expect([first.flags, second.flags]).toEqual([FRESH, APART]);
    expect(names(volume.readOn(second.handle))).toEqual(['.', '..', 'a', 'b', 'c']);
    volume.close(second.handle);
    // What the second has listed counts for nothing.
    volume.close(first.handle);
    expect(volume.list()).toBe(FRESH);
    const third = volume.open();
    expect([third.flags, volume.open().flags]).toEqual([SERVED, APART]);
  });

  it('that the kernel never hears of takes nothing from others', () => {
    const volume = new Volume();
    volume.list();
    volume.kernel.transport.sendResult = -2;
    volume.kernel.post('OPENDIR', 1, body.open(0));
    volume.kernel.transport.sendResult = 0;
    expect(volume.list()).toBe(SERVED);
  });
});

describe('positions', () => {
  it('are those of one listing alone, so that the kernel mixes no two', () => {
    const volume = new Volume();
    const { handle } = volume.open();
    const offsets = new Set<number>();
    for (let time = 1; time <= 4; time += 1) {
      for (const { off } of volume.read(handle, 0)) offsets.add(off);
      expect(offsets.size).toBe(5 * time);
    }
  });

  it('begin anew when the kernel drops what it has', () => {
    const volume = new Volume();
    for (let time = 0; time < 2; time += 1) {
      const { handle } = volume.open();
      expect(volume.readOn(handle).map(({ off }) => off)).toEqual([1, 2, 3, 4, 5]);
      volume.close(handle);
      vi.advanceTimersByTime(LIFETIME);
    }
  });

  it('of an open that is served and has to ask after all are others', () => {
    const volume = new Volume();
    volume.list();
    const { handle, flags } = volume.open();
    expect(flags).toBe(SERVED);
    const entries = volume.readOn(handle);
    expect(names(entries)).toEqual(['.', '..', 'a', 'b', 'c']);
    expect(entries[0]!.off).toBeGreaterThan(5);
    volume.close(handle);
    // The kernel may not have it: the next one has it drop everything.
    expect(volume.open().flags).toBe(FRESH);
  });

  it('in a listing that was dropped lead to what it had not come to', () => {
    const volume = new Volume();
    volume.list();
    const { handle } = volume.open();
    // It was served `.`, `..`, `a` and `b`; then somebody removed `a` and made `d`.
    volume.entries = () => ['b', 'd', 'c'].map((name) => ({ name }));
    const rest = volume.readOn(handle, 4);
    expect(names(rest)).toEqual(['d', 'c']);
    expect(rest[0]!.off).toBeGreaterThan(5);
    // Back (seekdir): before `b`, between the dots, and in its own listing.
    expect(names(volume.readOn(handle, 3))).toEqual(['b', 'd', 'c']);
    expect(names(volume.readOn(handle, 1))).toEqual(['..', 'b', 'd', 'c']);
    expect(names(volume.readOn(handle))).toEqual(['.', '..', 'b', 'd', 'c']);
  });

  it('in its own listing hold, wherever the kernel comes back to', () => {
    const volume = new Volume();
    const { handle } = volume.open();
    volume.readOn(handle);
    const again = volume.readOn(handle);
    volume.entries = () => [];
    expect(names(volume.readOn(handle, again[2]!.off))).toEqual(['b', 'c']);
    expect(volume.read(handle, again[4]!.off)).toEqual([]);
    expect(volume.read(handle, again[4]!.off + 1_000)).toEqual([]);
  });
});

describe('a change through the mount', () => {
  type Change = [what: string, change: (volume: Volume, directory: number) => void];
  const changes: Change[] = [
    [
      'CREATE',
      ({ kernel }, d) => void kernel.ask('CREATE', d, body.create(2, 0o644), cString('n')),
    ],
    ['MKNOD', ({ kernel }, d) => void kernel.ask('MKNOD', d, body.mknod(0o100644), cString('n'))],
    ['MKDIR', ({ kernel }, d) => void kernel.ask('MKDIR', d, body.mkdir(0o755), cString('dn'))],
    ['SYMLINK', ({ kernel }, d) => void kernel.ask('SYMLINK', d, cString('n'), cString('t'))],
    ['UNLINK', ({ kernel }, d) => void kernel.ask('UNLINK', d, cString('n'))],
    ['RMDIR', ({ kernel }, d) => void kernel.ask('RMDIR', d, cString('dn'))],
    [
      'LINK',
      (volume, d) => {
        const file = volume.lookUp('file');
        volume.kernel.ask('LINK', d, body.link(file), cString('n'));
      },
    ],
    [
      'RENAME out',
      ({ kernel }, d) => void kernel.ask('RENAME', d, body.rename(1), cString('n'), cString('m')),
    ],
    [
      'RENAME in',
      ({ kernel }, d) => void kernel.ask('RENAME', 1, body.rename(d), cString('n'), cString('m')),
    ],
    [
      'exchange',
      ({ kernel }, d) =>
        void kernel.ask('RENAME2', 1, body.rename2(d, 2), cString('n'), cString('m')),
    ],
    [
      'a LOOKUP that finds a name gone',
      ({ kernel }, d) => void kernel.fail('LOOKUP', d, cString('missing')),
    ],
  ];

  it.each(changes)('%s: the next open is not served', (what, change) => {
    const volume = new Volume();
    const d = volume.lookUp('d');
    if (what.includes('LOOKUP')) {
      // It was there once.
      const { session } = volume.kernel;
      session.nodes.enter(session.nodes.get(d), 'missing', {}, 0o100644);
    }
    volume.list(d);
    expect(volume.list(d)).toBe(SERVED);
    change(volume, d);
    expect(volume.list(d)).toBe(FRESH);
    expect(volume.list(d)).toBe(SERVED);
  });

  it('that fails is none the less one', () => {
    const volume = new Volume(
      {},
      {
        createSymbolicLink: () => {
          throw status('ACCESS_DENIED');
        },
      },
    );
    volume.list();
    expect(volume.kernel.fail('SYMLINK', 1, cString('n'), cString('t'))).toBe('EACCES');
    expect(volume.list()).toBe(FRESH);
  });

  it('while a listing is being read: that is served to nobody', () => {
    const volume = new Volume();
    const { handle } = volume.open();
    const [first] = volume.read(handle, 0, 32);
    volume.kernel.ask('UNLINK', 1, cString('a'));
    volume.readOn(handle, first!.off);
    volume.close(handle);
    expect(volume.list()).toBe(FRESH);
  });

  it('elsewhere changes nothing', () => {
    const volume = new Volume();
    const d = volume.lookUp('d');
    volume.list();
    volume.kernel.ask('UNLINK', d, cString('n'));
    volume.kernel.ask('GETATTR', 1, body.getattr());
    expect(volume.list()).toBe(SERVED);
  });
});

describe('a change that volume.notify tells of', () => {
  const notices: [what: string, tell: (notify: FuseNotifications) => boolean][] = [
    // Names the kernel does not know: it drops nothing for them.
    ['created', (notify) => notify.created('/d/new')],
    ['deleted', (notify) => notify.deleted('/d/a')],
    ['renamed from there', (notify) => notify.renamed('/d/a', '/b')],
    ['renamed to there', (notify) => notify.renamed('/a', '/d/b')],
    ['updated', (notify) => notify.updated('/d')],
    ['everything', (notify) => notify.everything()],
  ];

  it.each(notices)('%s: the next open is not served, and who has it open asks', (_what, tell) => {
    const volume = new Volume();
    const d = volume.lookUp('d');
    volume.list(d);
    expect(volume.list(d)).toBe(SERVED);
    expect(tell(volume.notify)).toBe(true);
    expect(volume.takeInvalidated()).toContain(d);
    expect(volume.list(d)).toBe(FRESH);
  });

  it('counts also when the kernel cannot be told', () => {
    const volume = new Volume();
    volume.list();
    volume.kernel.transport.notifyResult = false;
    expect(volume.notify.created('/new')).toBe(false);
    expect(volume.list()).toBe(FRESH);
    expect(volume.notify.everything()).toBe(false);
    expect(volume.list()).toBe(FRESH);
  });

  it('while a listing is read: the kernel drops that once it has it', () => {
    const volume = new Volume();
    const { handle } = volume.open();
    const [first] = volume.read(handle, 0, 32);
    volume.notify.created('/new');
    expect(volume.takeInvalidated()).toEqual([1]);
    // What was on its way when the kernel was told is kept after all.
    volume.readOn(handle, first!.off);
    vi.advanceTimersByTime(1);
    expect(volume.takeInvalidated()).toEqual([1]);
  });
});

describe('a directory that stays open', () => {
  it('loses what the kernel keeps of it when its time is over, once', () => {
    const volume = new Volume();
    const { handle } = volume.open();
    volume.readOn(handle);
    vi.advanceTimersByTime(LIFETIME - 1);
    expect(volume.takeInvalidated()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(volume.takeInvalidated()).toEqual([1]);
    vi.advanceTimersByTime(10 * LIFETIME);
    expect(volume.takeInvalidated()).toEqual([]);
    // It reads again, and that is kept for as long.
    volume.readOn(handle);
    vi.advanceTimersByTime(LIFETIME);
    expect(volume.takeInvalidated()).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('and is served from the listing of another loses it at the end of that one’s time', () => {
    const volume = new Volume();
    volume.list();
    vi.advanceTimersByTime(LIFETIME * 0.4);
    expect(volume.open().flags).toBe(SERVED);
    vi.advanceTimersByTime(LIFETIME * 0.6);
    expect(volume.takeInvalidated()).toEqual([1]);
  });

  it('does so in time also when others’ time was over before', () => {
    const volume = new Volume();
    const [d1 = 0, d2 = 0] = ['d1', 'd2'].map((name) => volume.lookUp(name));
    volume.list(d1);
    vi.advanceTimersByTime(LIFETIME * 0.8);
    volume.list(d2);
    // The first one's time ends; of the second, which nobody has open, there is nothing to take.
    vi.advanceTimersByTime(LIFETIME * 0.3);
    expect(volume.open(d2).flags).toBe(SERVED);
    vi.advanceTimersByTime(LIFETIME * 0.7);
    expect(volume.takeInvalidated()).toEqual([d2]);
  });

  it('is told of after its time when it could not be told in time', () => {
    const volume = new Volume();
    volume.readOn(volume.open().handle);
    volume.kernel.transport.notifyResult = false;
    vi.advanceTimersByTime(LIFETIME);
    volume.kernel.transport.notified.length = 0;
    volume.kernel.transport.notifyResult = true;
    vi.advanceTimersByTime(100);
    expect(volume.takeInvalidated()).toEqual([1]);
  });

  it('also when it has changed since, of which the kernel may not know', () => {
    const volume = new Volume();
    volume.readOn(volume.open().handle);
    volume.kernel.ask('UNLINK', 1, cString('a'));
    vi.advanceTimersByTime(LIFETIME);
    expect(volume.takeInvalidated()).toEqual([1]);
  });

  it('and was read half only needs nothing', () => {
    const volume = new Volume();
    volume.read(volume.open().handle, 0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what is remembered', () => {
  it('goes when its time is over, and the timer with it', () => {
    const volume = new Volume();
    const nodes = ['d1', 'd2', 'd3'].map((name) => volume.lookUp(name));
    for (const node of nodes) volume.list(node);
    const { session } = volume.kernel;
    expect(nodes.map((node) => session.nodes.get(node).kept?.names?.length)).toEqual([3, 3, 3]);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(3 * LIFETIME);
    expect(nodes.map((node) => session.nodes.get(node).kept)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(vi.getTimerCount()).toBe(0);
    expect(volume.takeInvalidated()).toEqual([]);
  });

  it('is so many names at most, of the latest listings', () => {
    const cache = new ListingCache(LIFETIME, () => true, 10);
    const list = (node: Node): number => {
      const handle = new DirectoryHandle(undefined, node);
      const flags = cache.open(handle);
      if (flags !== SERVED) {
        cache.begin(handle);
        for (const name of ['a', 'b', 'c', 'd']) handle.entries.push({ name });
        handle.complete = true;
        cache.told(handle);
      }
      cache.close(handle);
      return flags;
    };
    const [one, two, three] = [2, 3, 4].map((id) => new Node(id, 0, undefined, ''));
    expect([one!, two!, three!, two!, three!].map(list)).toEqual([
      ...[FRESH, FRESH, FRESH],
      ...[SERVED, SERVED],
    ]);
    expect(one!.kept).toBeUndefined();
    expect([one!, two!, one!].map(list)).toEqual([FRESH, FRESH, SERVED]);
  });

  it('goes with the connection', () => {
    const volume = new Volume();
    volume.list();
    volume.kernel.session.end('unmounted');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is nothing of a listing that comes to its end after the connection', async () => {
    const volume = new Volume();
    let go: (entries: FindEntry[]) => void = () => undefined;
    volume.entries = () => new Promise((resolve) => (go = resolve));
    const { handle } = volume.open();
    volume.kernel.post('READDIR', 1, body.read(handle, 2, 4096));
    volume.kernel.session.end('unmounted');
    go([]);
    await settled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('OPENDIR of a removed directory leaves nothing to keep', () => {
  const volume = new Volume();
  const d = volume.lookUp('d');
  volume.kernel.ask('RMDIR', 1, cString('d'));
  const reply = volume.kernel.ask('OPENDIR', d, body.open(0));
  expect(reply.u64(0)).toBeGreaterThan(0);
  expect(reply.body.subarray(8)).toEqual(u32(0, 0));
});
