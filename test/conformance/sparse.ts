import { describe, expect } from 'vitest';
import {
  FALLOC_COLLAPSE_RANGE,
  FALLOC_KEEP_SIZE,
  FALLOC_PUNCH_HOLE,
  PosixError,
} from '../support/posix.js';
import { pattern, refuses, sameBytes, type Scene, type Suite } from './suite.js';

const MiB = 1 << 20;

/** The runs of data that SEEK_DATA and SEEK_HOLE report. */
async function runs(posix: Scene['posix'], fd: number): Promise<[from: number, to: number][]> {
  const found: [number, number][] = [];
  const { size } = await posix.fstat(fd);
  let at = 0;
  while (at < size) {
    let data: number;
    try {
      data = await posix.lseek(fd, at, 'DATA');
    } catch (error) {
      // Nothing but a hole from here on.
      if (error instanceof PosixError && error.code === 'ENXIO') return found;
      throw error;
    }
    const hole = await posix.lseek(fd, data, 'HOLE');
    expect(data).toBeGreaterThanOrEqual(at);
    expect(hole).toBeGreaterThan(data);
    expect(hole).toBeLessThanOrEqual(size);
    found.push([data, hole]);
    at = hole;
  }
  return found;
}

function seeking(suite: Suite): void {
  const layouts: readonly [title: string, size: number, data: readonly [number, number][]][] = [
    ['data only', 300_000, [[0, 300_000]]],
    ['a hole only', 4 * MiB, []],
    ['a hole, then data', 4 * MiB + 100, [[4 * MiB, 100]]],
    ['data, then a hole', 4 * MiB, [[0, 5000]]],
    [
      'islands',
      16 * MiB,
      [
        [MiB, 70_000],
        [5 * MiB, 1],
        [12 * MiB - 1, 2],
      ],
    ],
  ];
  for (const [title, size, data] of layouts) {
    suite.test(`SEEK_DATA and SEEK_HOLE: ${title}`, [], async ({ posix, path }) => {
      const fd = await posix.open(path('file'), 'RDWR|CREAT');
      await posix.ftruncate(fd, size);
      for (const [at, length] of data) await posix.pwrite(fd, Buffer.alloc(length, 'd'), at);
      await posix.fsync(fd);
      const found = await runs(posix, fd);
      // Reporting a hole as data is allowed; data as a hole loses it in every copy.
      for (const [at, length] of data) {
        const covering = found.some(([from, to]) => from <= at && at + length <= to);
        expect(covering, `data at ${String(at)} in ${JSON.stringify(found)}`).toBe(true);
      }
      await refuses(posix.lseek(fd, size, 'DATA'), 'ENXIO');
      await refuses(posix.lseek(fd, size, 'HOLE'), 'ENXIO');
      await refuses(posix.lseek(fd, size + 10, 'DATA'), 'ENXIO');
      // The end of the file counts as a hole.
      expect(await posix.lseek(fd, size - 1, 'HOLE')).toBeLessThanOrEqual(size);
      const last = data.at(-1);
      if (last !== undefined) {
        const [at, length] = last;
        expect(await posix.lseek(fd, at, 'DATA')).toBe(at);
        expect(await posix.lseek(fd, at, 'HOLE')).toBeGreaterThanOrEqual(at + length);
        expect(await posix.lseek(fd, 0, 'CUR')).toBeGreaterThanOrEqual(at + length);
      }
    });
  }

  suite.test('an empty file has neither', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await refuses(posix.lseek(fd, 0, 'DATA'), 'ENXIO');
    await refuses(posix.lseek(fd, 0, 'HOLE'), 'ENXIO');
  });

  suite.test('data that is not yet flushed counts', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.ftruncate(fd, 8 * MiB);
    await posix.pwrite(fd, 'x', 6 * MiB);
    expect(await posix.lseek(fd, 6 * MiB, 'DATA')).toBe(6 * MiB);
    expect(await posix.lseek(fd, 0, 'DATA')).toBeLessThanOrEqual(6 * MiB);
  });
}

function punching(suite: Suite): void {
  const mode = FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE;

  for (const [at, length] of [
    [4096, 8192],
    [0, 100_000],
    [5, 10],
    [4000, 5000],
    [90_000, 100_000],
  ] as const) {
    const title = `a hole punched at ${String(at)}, ${String(length)} long`;
    suite.test(title, ['punchHole'], async ({ posix, path }) => {
      const wanted = pattern(100_000, 3);
      const fd = await posix.open(path('file'), 'RDWR|CREAT');
      await posix.write(fd, wanted);
      await posix.fallocate(fd, mode, at, length);
      wanted.fill(0, at, Math.min(at + length, wanted.length));
      expect((await posix.fstat(fd)).size).toBe(100_000);
      sameBytes(await posix.pread(fd, 200_000, 0), wanted);
      sameBytes(await posix.readFile(path('file')), wanted);
    });
  }

  suite.test('punching frees storage', ['punchHole'], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, pattern(8 * MiB, 4));
    await posix.fsync(fd);
    const before = (await posix.fstat(fd)).blocks;
    await posix.fallocate(fd, mode, MiB, 6 * MiB);
    await posix.fsync(fd);
    expect((await posix.fstat(fd)).blocks).toBeLessThan(before / 2);
  });

  suite.test('a punched hole shows in a map', ['punchHole', 'sharedMaps'], async (scene) => {
    const { posix, path } = scene;
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, pattern(16_384, 5));
    const map = await posix.map(fd, 16_384);
    await posix.fallocate(fd, mode, 4096, 4096);
    expect((await posix.mapRead(map, 4096, 4096)).equals(Buffer.alloc(4096))).toBe(true);
    sameBytes(await posix.mapRead(map, 8192, 8192), pattern(16_384, 5).subarray(8192));
  });

  suite.test('punching where it is not offered', [], async ({ posix, path, target }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    const punched = posix.fallocate(fd, mode, 0, 3);
    if (target.features.punchHole === true) await punched;
    else await refuses(punched, 'ENOTSUP');
    const wanted = target.features.punchHole === true ? '\0\0\0tent' : 'content';
    expect(await posix.readText(path('file'))).toBe(wanted);
  });
}

function allocating(suite: Suite): void {
  suite.test('fallocate extends with zeros', ['fallocate'], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    await posix.fallocate(fd, 0, 0, 100_000);
    expect((await posix.fstat(fd)).size).toBe(100_000);
    const wanted = Buffer.alloc(100_000);
    wanted.write('content');
    sameBytes(await posix.readFile(path('file')), wanted);
    await posix.fallocate(fd, 0, 10, 20);
    expect((await posix.stat(path('file'))).size).toBe(100_000);
    sameBytes(await posix.readFile(path('file')), wanted);
    await posix.fallocate(fd, 0, 150_000, 10);
    expect((await posix.stat(path('file'))).size).toBe(150_010);
  });

  suite.test('KEEP_SIZE keeps the size', ['fallocate'], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    await posix.fallocate(fd, FALLOC_KEEP_SIZE, 0, MiB);
    expect((await posix.fstat(fd)).size).toBe(7);
    expect(await posix.readText(path('file'))).toBe('content');
    await posix.pwrite(fd, 'end', 1000);
    expect((await posix.fstat(fd)).size).toBe(1003);
    // Reserving less than there is must not cut anything.
    await posix.fallocate(fd, FALLOC_KEEP_SIZE, 0, 10);
    expect((await posix.fstat(fd)).size).toBe(1003);
    expect((await posix.pread(fd, 3, 1000)).toString()).toBe('end');
  });

  suite.test('fallocate that is refused', ['fallocate'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    const reader = await posix.open(path('file'), 'RDONLY');
    const fd = await posix.open(path('file'), 'RDWR');
    await refuses(posix.fallocate(reader, 0, 0, 10), 'EBADF');
    await refuses(posix.fallocate(fd, 0, 0, 0), 'EINVAL');
    await refuses(posix.fallocate(fd, 0, -1, 10), 'EINVAL');
    await refuses(posix.fallocate(fd, 0, 0, -10), 'EINVAL');
    await refuses(posix.fallocate(fd, FALLOC_PUNCH_HOLE, 0, 3), 'ENOTSUP', 'EINVAL');
    await refuses(
      posix.fallocate(fd, FALLOC_COLLAPSE_RANGE | FALLOC_KEEP_SIZE, 0, 4096),
      'ENOTSUP',
      'EINVAL',
    );
    expect(await posix.readText(path('file'))).toBe('content');
  });
}

/** Copies with a call that may do less than it was asked for. */
async function copyAll(call: (done: number) => Promise<number>, length: number): Promise<void> {
  for (let done = 0; done < length;) {
    const copied = await call(done);
    expect(copied).toBeGreaterThan(0);
    done += copied;
  }
}

function copying(suite: Suite): void {
  suite.test('copy_file_range', [], async ({ posix, path }) => {
    const data = pattern(600_000, 6);
    await posix.writeFile(path('source'), data);
    const source = await posix.open(path('source'), 'RDONLY');
    const target = await posix.open(path('target'), 'RDWR|CREAT');
    await copyAll(
      (done) => posix.copyFileRange(source, target, 500_000 - done, 1234 + done, 777 + done),
      500_000,
    );
    const wanted = Buffer.alloc(500_777);
    data.copy(wanted, 777, 1234, 501_234);
    sameBytes(await posix.readFile(path('target')), wanted);
    expect(await posix.copyFileRange(source, target, 100, 600_000, 0)).toBe(0);
    await refuses(posix.copyFileRange(source, source, 100, 0, 1000), 'EBADF');
  });

  suite.test('copy_file_range within a file', [], async ({ posix, path }) => {
    const data = pattern(100_000, 7);
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, data);
    await copyAll(
      (done) => posix.copyFileRange(fd, fd, 30_000 - done, done, 60_000 + done),
      30_000,
    );
    await refuses(posix.copyFileRange(fd, fd, 1000, 0, 500), 'EINVAL');
    data.copy(data, 60_000, 0, 30_000);
    sameBytes(await posix.readFile(path('file')), data);
  });

  suite.test('sendfile', [], async ({ posix, path }) => {
    const data = pattern(300_000, 8);
    await posix.writeFile(path('source'), data);
    const source = await posix.open(path('source'), 'RDONLY');
    const target = await posix.open(path('target'), 'RDWR|CREAT');
    await copyAll((done) => posix.sendfile(target, source, done, 300_000 - done), 300_000);
    sameBytes(await posix.readFile(path('target')), data);
  });

  suite.test('copies to and from another file system', [], async (scene) => {
    const { posix, path, target } = scene;
    const data = pattern(200_000, 9);
    await posix.writeFile(path('source'), data);
    const away = `${target.elsewhere}/copy`;
    const source = await posix.open(path('source'), 'RDONLY');
    const there = await posix.open(away, 'RDWR|CREAT|TRUNC');
    const back = await posix.open(path('back'), 'RDWR|CREAT');
    await copyAll((done) => posix.sendfile(there, source, done, 200_000 - done), 200_000);
    await copyAll((done) => posix.sendfile(back, there, done, 200_000 - done), 200_000);
    sameBytes(await posix.readFile(away), data);
    sameBytes(await posix.readFile(path('back')), data);
    await posix.unlink(away);
  });
}

/** Holes, preallocation, copies inside the kernel. */
export function sparse(suite: Suite): void {
  describe('sparse', () => {
    seeking(suite);
    punching(suite);
    allocating(suite);
    copying(suite);
  });
}
