import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FALLOC_KEEP_SIZE, Posix, PosixError } from '../support/posix.js';
import { pattern, refuses, sameBytes } from './suite.js';
import { openMemfs, type MountedTarget } from './targets.js';

const MiB = 1 << 20;

/** A volume that is full: calls fail with ENOSPC, and what was there before is whole. */
describe('memfs of 16 MiB', () => {
  let target: MountedTarget;
  let posix: Posix;
  const at = (name: string): string => join(target.mountPoint, name);
  const kept = pattern(500_000, 1);

  beforeAll(async () => {
    target = await openMemfs(String(16 * MiB));
    posix = new Posix();
  });

  afterAll(async () => {
    await posix.close();
    await target.close();
  });

  beforeEach(async () => {
    await posix.reset();
    await posix.writeFile(at('kept'), kept);
    await posix.setxattr(at('kept'), 'user.name', 'value');
  });

  /** The volume must be as it was and as usable as before. */
  afterEach(async () => {
    sameBytes(await posix.readFile(at('kept')), kept);
    expect((await posix.getxattr(at('kept'), 'user.name')).toString()).toBe('value');
    await posix.reset();
    for (const name of await posix.names(target.mountPoint)) await posix.unlink(at(name));
    const again = pattern(12 * MiB, 2);
    await posix.writeFile(at('again'), again);
    sameBytes(await posix.readFile(at('again')), again);
    await posix.unlink(at('again'));
  });

  test('filling it by writing', async () => {
    const { written, errno } = await posix.fill(at('filler'), 100_000);
    expect(errno).toBe('ENOSPC');
    expect(written).toBeGreaterThan(12 * MiB);
    expect(written).toBeLessThanOrEqual(16 * MiB - kept.length);
    expect((await posix.stat(at('filler'))).size).toBe(written);
    sameBytes(await posix.readFile(at('filler')), Buffer.alloc(written, 'f'));
    const { bfree, frsize } = await posix.statvfs(target.mountPoint);
    expect(bfree * frsize).toBeLessThan(MiB);
  });

  test('what is written over needs no more room', async () => {
    const { written } = await posix.fill(at('filler'), 65_536);
    const fd = await posix.open(at('filler'), 'RDWR');
    const data = pattern(100_000, 3);
    expect(await posix.pwrite(fd, data, 0)).toBe(data.length);
    sameBytes(await posix.pread(fd, data.length, 0), data);
    expect((await posix.fstat(fd)).size).toBe(written);
  });

  test('room comes back by deleting, cutting and replacing', async () => {
    await posix.fill(at('filler'), 65_536);
    await posix.truncate(at('filler'), MiB);
    expect((await posix.fill(at('second'), 65_536)).written).toBeGreaterThan(8 * MiB);
    await posix.unlink(at('second'));
    await posix.writeFile(at('third'), pattern(10 * MiB, 4));
    await posix.writeFile(at('fourth'), 'small');
    await posix.rename(at('fourth'), at('third'));
    expect((await posix.fill(at('second'), 65_536)).written).toBeGreaterThan(8 * MiB);
  });

  test('an unlinked open file holds its room until the close', async () => {
    await posix.fill(at('filler'), 65_536);
    const fd = await posix.open(at('filler'), 'RDONLY');
    await posix.unlink(at('filler'));
    expect((await posix.fill(at('second'), 65_536)).written).toBeLessThan(MiB);
    await posix.closeFd(fd);
    expect((await posix.fill(at('third'), 65_536)).written).toBeGreaterThan(8 * MiB);
  });

  test('one write that is too large', async () => {
    const fd = await posix.open(at('file'), 'RDWR|CREAT');
    // A write may end early with what fitted; then the next one must say why.
    let size = 0;
    for (let call = 0; call < 2; call += 1) {
      try {
        size += await posix.pwrite(fd, pattern(20 * MiB, 5).subarray(size), size);
      } catch (error) {
        if (!(error instanceof PosixError)) throw error;
        expect(error.code).toBe('ENOSPC');
        break;
      }
    }
    await refuses(posix.pwrite(fd, pattern(MiB, 6), 17 * MiB), 'ENOSPC');
    expect((await posix.fstat(fd)).size).toBe(size);
    sameBytes(await posix.readFile(at('file')), pattern(20 * MiB, 5).subarray(0, size));
  });

  test('fallocate', async () => {
    const fd = await posix.open(at('file'), 'RDWR|CREAT');
    await posix.write(fd, 'content');
    await refuses(posix.fallocate(fd, 0, 0, 32 * MiB), 'ENOSPC');
    await refuses(posix.fallocate(fd, FALLOC_KEEP_SIZE, 0, 32 * MiB), 'ENOSPC');
    expect((await posix.fstat(fd)).size).toBe(7);
    expect(await posix.readText(at('file'))).toBe('content');
  });

  test('extended attributes', async () => {
    await posix.fill(at('filler'), 65_536);
    await posix.fill(at('second'), 500);
    await refuses(posix.setxattr(at('filler'), 'user.large', pattern(60_000, 7)), 'ENOSPC');
    expect(await posix.listxattr(at('filler'))).toEqual([]);
    await refuses(posix.setxattr(at('kept'), 'user.name', pattern(60_000, 8)), 'ENOSPC');
  });

  test('a hole needs no room, filling it does', async () => {
    await posix.writeFile(at('sparse'), '');
    await posix.truncate(at('sparse'), 64 * MiB);
    const fd = await posix.open(at('sparse'), 'RDWR');
    await posix.pwrite(fd, 'end', 64 * MiB - 3);
    expect((await posix.pread(fd, 3, 64 * MiB - 3)).toString()).toBe('end');
    await posix.fill(at('filler'), 65_536);
    await refuses(posix.pwrite(fd, pattern(MiB, 9), 32 * MiB), 'ENOSPC');
    expect((await posix.pread(fd, 3, 64 * MiB - 3)).toString()).toBe('end');
    expect((await posix.fstat(fd)).size).toBe(64 * MiB);
  });
});
