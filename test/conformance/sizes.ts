import { describe, expect } from 'vitest';
import { pattern, refuses, sameBytes, type Suite } from './suite.js';
import { has } from './target.js';

const GiB = 2 ** 30;

/** Around the sizes of sectors, pages and of what one FUSE request carries. */
const edges = [
  0, 1, 511, 512, 4095, 4096, 4097, 32_768, 65_535, 131_071, 131_072, 131_073, 1_048_575, 1_048_577,
];

function wholeFiles(suite: Suite): void {
  for (const size of edges) {
    suite.test(`a file of ${String(size)} bytes`, [], async ({ posix, path, helper }) => {
      const data = pattern(size, size + 1);
      await posix.writeFile(path('file'), data);
      expect((await posix.stat(path('file'))).size).toBe(size);
      sameBytes(await posix.readFile(path('file')), data);
      const other = helper();
      sameBytes(await other.readFile(path('file')), data);
      const fd = await other.open(path('file'), 'RDONLY');
      expect((await other.pread(fd, 100, size)).length).toBe(0);
      expect((await other.pread(fd, 100, size + 5000)).length).toBe(0);
      if (size > 10) sameBytes(await other.pread(fd, 100, size - 10), data.subarray(size - 10));
    });
  }

  suite.test('one write of 9 MB, read back in odd pieces', [], async ({ posix, path }) => {
    const data = pattern(9_000_001, 9);
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    expect(await posix.write(fd, data)).toBe(data.length);
    await posix.lseek(fd, 0, 'SET');
    for (let at = 0; at < data.length;) {
      const part = await posix.read(fd, 777_777);
      sameBytes(part, data.subarray(at, at + 777_777));
      at += part.length;
    }
    expect((await posix.read(fd, 1)).length).toBe(0);
  });

  suite.test('many small writes', [], async ({ posix, path }) => {
    const data = pattern(20_000, 11);
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    const pieces = Array.from({ length: 2000 }, (_, index) =>
      data.subarray(index * 10, index * 10 + 10),
    );
    await posix.batch(pieces.map((piece) => ['write', fd, Buffer.from(piece)] as const));
    await posix.closeFd(fd);
    sameBytes(await posix.readFile(path('file')), data);
  });

  suite.test('lseek', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), '0123456789');
    const fd = await posix.open(path('file'), 'RDWR');
    expect(await posix.lseek(fd, -3, 'END')).toBe(7);
    expect((await posix.read(fd, 10)).toString()).toBe('789');
    expect(await posix.lseek(fd, -6, 'CUR')).toBe(4);
    expect(await posix.lseek(fd, 100, 'SET')).toBe(100);
    expect((await posix.fstat(fd)).size).toBe(10);
    await refuses(posix.lseek(fd, -1, 'SET'), 'EINVAL');
    await refuses(posix.lseek(fd, -200, 'END'), 'EINVAL');
  });

  suite.test('writing nothing changes nothing', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'abc');
    const fd = await posix.open(path('file'), 'RDWR');
    expect(await posix.pwrite(fd, '', 1000)).toBe(0);
    expect((await posix.fstat(fd)).size).toBe(3);
  });
}

function truncation(suite: Suite): void {
  for (const [from, to] of [
    [10_000, 0],
    [10_000, 1],
    [10_000, 4096],
    [10_000, 9999],
    [10_000, 10_000],
    [10_000, 10_001],
    [10_000, 300_000],
    [0, 5000],
    [4096, 8192],
  ] as const) {
    suite.test(`truncate from ${String(from)} to ${String(to)}`, [], async ({ posix, path }) => {
      const data = pattern(from, 2);
      await posix.writeFile(path('file'), data);
      const open = await posix.open(path('file'), 'RDONLY');
      await posix.truncate(path('file'), to);
      const wanted = Buffer.alloc(to);
      data.copy(wanted, 0, 0, to);
      expect((await posix.fstat(open)).size).toBe(to);
      sameBytes(await posix.readFile(path('file')), wanted);
      sameBytes(await posix.pread(open, 400_000, 0), wanted);
    });
  }

  suite.test('what was cut off does not come back', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, pattern(20_000, 3));
    await posix.ftruncate(fd, 100);
    await posix.ftruncate(fd, 20_000);
    const wanted = Buffer.alloc(20_000);
    pattern(100, 3).copy(wanted);
    pattern(20_000, 3).copy(wanted, 0, 0, 100);
    sameBytes(await posix.pread(fd, 30_000, 0), wanted);
    await posix.ftruncate(fd, 50);
    await posix.pwrite(fd, 'end', 10_000);
    wanted.fill(0, 50);
    wanted.write('end', 10_000);
    sameBytes(await posix.readFile(path('file')), wanted.subarray(0, 10_003));
  });

  suite.test('ftruncate is seen by every open', [], async ({ posix, path, helper }) => {
    const other = helper();
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, pattern(9000, 4));
    const reader = await other.open(path('file'), 'RDONLY');
    expect((await other.read(reader, 9000)).length).toBe(9000);
    await posix.ftruncate(fd, 10);
    expect((await other.fstat(reader)).size).toBe(10);
    expect((await other.read(reader, 10)).length).toBe(0);
    sameBytes(await other.pread(reader, 100, 0), pattern(9000, 4).subarray(0, 10));
    await posix.ftruncate(fd, 12_000);
    expect((await other.read(reader, 10_000)).equals(Buffer.alloc(3000))).toBe(true);
  });

  suite.test('truncation that is refused', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    await posix.mkdir(path('directory'));
    const reader = await posix.open(path('file'), 'RDONLY');
    await refuses(posix.ftruncate(reader, 1), 'EINVAL', 'EBADF');
    await refuses(posix.truncate(path('file'), -1), 'EINVAL');
    await refuses(posix.truncate(path('directory'), 0), 'EISDIR');
    await refuses(posix.truncate(path('missing'), 0), 'ENOENT');
    expect(await posix.readText(path('file'))).toBe('content');
    expect(await posix.names(path())).toEqual(['directory', 'file']);
  });
}

function holes(suite: Suite): void {
  suite.test('a write beyond the end leaves zeros', [], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, 'start');
    await posix.pwrite(fd, 'end', 1_000_000);
    const wanted = Buffer.alloc(1_000_003);
    wanted.write('start');
    wanted.write('end', 1_000_000);
    expect((await posix.fstat(fd)).size).toBe(1_000_003);
    sameBytes(await posix.readFile(path('file')), wanted);
  });

  suite.test('beyond 4 GiB', ['largeFiles'], async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    const places = [0, 2 * GiB - 3, 4 * GiB - 3, 4 * GiB + 50, 5 * GiB + 123];
    for (const place of places) await posix.pwrite(fd, `at ${String(place)};`, place);
    const end = 5 * GiB + 123 + `at ${String(5 * GiB + 123)};`.length;
    expect((await posix.fstat(fd)).size).toBe(end);
    await posix.fsync(fd);
    expect((await posix.stat(path('file'))).size).toBe(end);
    for (const place of places) {
      const text = `at ${String(place)};`;
      expect((await posix.pread(fd, text.length, place)).toString()).toBe(text);
    }
    expect(await posix.lseek(fd, 0, 'END')).toBe(end);
    expect((await posix.pread(fd, 100, 3 * GiB)).equals(Buffer.alloc(100))).toBe(true);
    await posix.ftruncate(fd, 4 * GiB + 2);
    expect((await posix.fstat(fd)).size).toBe(4 * GiB + 2);
    expect((await posix.pread(fd, 100, 4 * GiB - 3)).toString()).toBe('at 42');
  });

  suite.test('a size of 1 TiB', ['largeFiles'], async ({ posix, path, target }) => {
    await posix.writeFile(path('file'), 'start');
    await posix.truncate(path('file'), 1024 * GiB);
    const found = await posix.stat(path('file'));
    expect(found.size).toBe(1024 * GiB);
    if (has(target, 'sparseFiles')) expect(found.blocks).toBeLessThan(1_000_000);
    const fd = await posix.open(path('file'), 'RDONLY');
    expect((await posix.pread(fd, 10, 1024 * GiB - 4)).equals(Buffer.alloc(4))).toBe(true);
  });

  suite.test('st_blocks says how much is stored', [], async ({ posix, path }) => {
    const fd = await posix.open(path('full'), 'RDWR|CREAT');
    await posix.write(fd, pattern(1 << 20, 6));
    await posix.fsync(fd);
    const full = await posix.stat(path('full'));
    expect(full.blocks * 512).toBeGreaterThanOrEqual(1 << 20);
    expect(full.blocks * 512).toBeLessThan(2 << 20);
    await posix.writeFile(path('empty'), '');
    expect((await posix.stat(path('empty'))).blocks).toBeLessThanOrEqual(16);
    await posix.ftruncate(fd, 0);
    expect((await posix.fstat(fd)).blocks).toBeLessThanOrEqual(16);
  });
}

function random(suite: Suite): void {
  for (const seed of [1, 2, 3, 4]) {
    suite.test(
      `400 random steps compared with a buffer, seed ${String(seed)}`,
      [],
      async (scene) => {
        const { posix, path } = scene;
        const source = pattern(400 * 16, seed);
        let content = Buffer.alloc(0);
        let fd = await posix.open(path('file'), 'RDWR|CREAT');
        for (let step = 0; step < 400; step += 1) {
          const at = source.readUInt32LE(step * 16) % 200_000;
          const length = source.readUInt32LE(step * 16 + 4) % 30_000;
          const kind = source.readUInt8(step * 16 + 8) % 8;
          if (kind < 4) {
            const data = pattern(length, step + 1);
            await posix.pwrite(fd, data, at);
            if (length > 0 && at + length > content.length) {
              content = Buffer.concat([content, Buffer.alloc(at + length - content.length)]);
            }
            data.copy(content, at);
          } else if (kind === 4) {
            await posix.ftruncate(fd, at);
            content = Buffer.concat([content, Buffer.alloc(Math.max(0, at - content.length))]);
            content = content.subarray(0, at);
          } else if (kind === 5) {
            await posix.closeFd(fd);
            fd = await posix.open(path('file'), 'RDWR');
          } else {
            sameBytes(await posix.pread(fd, length, at), content.subarray(at, at + length));
          }
        }
        expect((await posix.fstat(fd)).size).toBe(content.length);
        sameBytes(await posix.readFile(path('file')), content);
      },
    );
  }
}

/** Sizes and content: growing, cutting, holes, large offsets. */
export function sizes(suite: Suite): void {
  describe('sizes', () => {
    wholeFiles(suite);
    truncation(suite);
    holes(suite);
    random(suite);
  });
}
