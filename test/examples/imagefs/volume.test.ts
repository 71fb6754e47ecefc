import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileAttributes } from 'node-dokan';
import { temporaryDirectory } from '../../support/temporary.js';
import { checkImage, KINDS, makeImage, MemoryImage, missingFatTools, mtool } from './images.js';
import { contentsOf } from './model.js';
import { failure, Scene } from './scene.js';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

const SLOT = 32;

describe.skipIf(missingFatTools !== undefined)(`a volume ${missingFatTools ?? ''}`, () => {
  let count = 0;
  const newImage = ([, size, args]: readonly [string, number, readonly string[]]): string => {
    count += 1;
    return makeImage(join(temporary.path, `${String(count)}.img`), size, ...args);
  };
  const [fat12, fat16, fat32] = KINDS;

  const names = (disk: MemoryImage): string[] => {
    const volume = disk.mount();
    return volume
      .contents(volume.root)
      .list()
      .map(({ name }) => name);
  };

  it('has at most 65536 records in a directory', { timeout: 60_000 }, () => {
    const disk = new MemoryImage(newImage(fat32));
    const volume = disk.mount();
    volume.create('/d', true, 0);
    // Two are there already: the directory itself and the one above.
    for (let number = 0; number < 65_534; number += 1)
      volume.create(`/d/F${String(number)}`, false, 0);
    expect(failure(() => volume.create('/d/MORE', false, 0))).toBe('DISK_FULL');
    volume.remove(volume.get('/d/F77'));
    volume.create('/d/MORE', false, 0);
    // fsck.fat compares each record with each other, which takes too long.
    const again = disk.mount();
    expect(again.contents(again.get('/d')).count).toBe(65_534);
  });

  it('does not bring back what lies behind the end of a directory', () => {
    const disk = new MemoryImage(newImage(fat12));
    const { rootPosition } = disk.mount().geometry;
    for (const name of ['A', 'B', 'C', 'D']) disk.mount().create(`/${name}`, false, 0);
    disk.bytes[rootPosition + SLOT] = 0;
    expect(names(disk)).toEqual(['A']);
    disk.mount().create('/X', false, 0);
    expect(names(disk)).toEqual(['A', 'X']);
    disk.mount().create('/a longer name', false, 0);
    expect(names(disk)).toEqual(['A', 'X', 'a longer name']);
  });

  it('does not rename what is deleted, and still open', () => {
    const image = newImage(fat12);
    const scene = new Scene(image);
    scene.write('/victim', 'v'.repeat(5000));
    const file = scene.open('/victim');
    scene.remove('/victim');
    scene.write('/other', 'other');
    expect(failure(() => scene.operations.moveFile('/victim', '/back', false, file))).toBe(
      'DELETE_PENDING',
    );
    expect(scene.names()).toEqual(['other']);
    scene.close('/victim', file);
    expect(scene.read('/other')).toBe('other');
    checkImage(image);
  });

  it.each([
    ['FAT12', 1000, ['-F', '12', '-S', '4096', '-s', '1']],
    ['FAT12', 1000, ['-F', '12', '-S', '1024', '-f', '1']],
    ['FAT16', 20_001, ['-F', '16', '-S', '2048', '-s', '1']],
    ['FAT32', 20_000, ['-F', '32', '-S', '4096', '-s', '1']],
    ['FAT32', 20_000, ['-F', '32', '-S', '1024', '-s', '1', '-f', '1']],
  ] as const)('may have other sectors, and one table: %s of %i KiB %s', (...kind) => {
    const image = newImage(kind);
    const scene = new Scene(image);
    expect(scene.medium.latest.geometry.kind).toBe(kind[0]);
    for (const path of ['/dir one', '/two']) scene.makeDirectory(path);
    for (let number = 0; number < 60; number += 1) {
      scene.write(`/dir one/some long file name ${String(number)}`, 'x'.repeat(number * 37));
    }
    const directory = scene.open('/dir one');
    scene.operations.moveFile('/dir one', '/two/moved', false, directory);
    scene.close('/two/moved', directory);
    expect(scene.names('/two/moved').length).toBe(60);
    checkImage(image);
  });

  it('gives up a file whose clusters go round in circles, and no other', () => {
    const disk = new MemoryImage(newImage(fat16));
    const volume = disk.mount();
    const data = Buffer.alloc(5000, 'x');
    for (const name of ['/bad', '/good']) volume.data.write(volume.create(name, false, 0), data, 0);
    const cluster = volume.get('/bad').record.firstCluster;
    for (const table of volume.geometry.tables) {
      disk.bytes.writeUInt16LE(cluster, table + (cluster + 1) * 2);
    }
    const again = disk.mount();
    expect(failure(() => contentsOf(again, again.get('/bad')))).toBe('FILE_CORRUPT_ERROR');
    expect(failure(() => again.data.write(again.get('/bad'), data, 9000))).toBe(
      'FILE_CORRUPT_ERROR',
    );
    expect(contentsOf(again, again.get('/good')).equals(data)).toBe(true);
    again.remove(again.get('/bad'));
    expect(names(disk)).toEqual(['good']);
    expect(contentsOf(again, again.get('/good')).equals(data)).toBe(true);
  });

  it('is as it was when a write fails, and works when it does not', () => {
    const image = newImage(fat16);
    for (let fatal = 0; fatal < 40; fatal += 1) {
      const disk = new MemoryImage(image);
      let left = fatal;
      const before = disk.mount();
      before.data.write(before.create('/kept', false, 0), Buffer.alloc(3000, 'k'), 0);
      const failing = disk.mount();
      const entry = failing.create('/file', false, 0);
      disk.beforeWrite = () => {
        if (left-- === 0) throw Object.assign(new Error('bad sector'), { code: 'EIO' });
      };
      const outcome = failure(() => {
        failing.data.write(entry, Buffer.alloc(9000, 'f'), 100);
        failing.move(entry, '/a new name for it', false);
        failing.data.resize(entry, 1000);
        failing.remove(entry);
      });
      expect([undefined, 'EIO']).toContain(outcome);
      // As the medium does it: what is in memory is thrown away.
      disk.beforeWrite = () => undefined;
      const after = disk.mount();
      expect(contentsOf(after, after.get('/kept')).equals(Buffer.alloc(3000, 'k'))).toBe(true);
      after.data.write(after.create('/new', false, 0), Buffer.alloc(9000, 'n'), 0);
      expect(contentsOf(after, after.get('/new')).equals(Buffer.alloc(9000, 'n'))).toBe(true);
      expect(contentsOf(after, after.get('/kept')).equals(Buffer.alloc(3000, 'k'))).toBe(true);
    }
  });

  it('keeps attributes and times', async () => {
    const image = newImage(fat16);
    const scene = new Scene(image);
    scene.write('/file', 'text');
    const file = scene.open('/file');
    const { READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, NORMAL } = FileAttributes;
    const information = (): ReturnType<typeof scene.operations.queryOpen> =>
      scene.operations.queryOpen('/file');
    expect(information().attributes).toBe(ARCHIVE);
    scene.operations.setFileAttributes('/file', NORMAL, file);
    expect(information().attributes).toBe(NORMAL);
    scene.operations.setFileAttributes('/file', READONLY | HIDDEN | SYSTEM | TEMPORARY, file);
    expect(information().attributes).toBe(READONLY | HIDDEN | SYSTEM);
    const local = (...parts: [number, number, number, number, number, number]): bigint =>
      BigInt(new Date(...parts).getTime()) * 1_000_000n;
    scene.operations.setFileTime(
      '/file',
      {
        creationTime: local(2001, 1, 3, 4, 5, 7),
        lastAccessTime: local(2003, 1, 3, 4, 5, 7),
        lastWriteTime: local(2002, 1, 3, 4, 5, 7),
      },
      file,
    );
    expect(information()).toMatchObject({
      creationTime: local(2001, 1, 3, 4, 5, 7),
      lastAccessTime: local(2003, 1, 3, 0, 0, 0),
      lastWriteTime: local(2002, 1, 3, 4, 5, 6),
    });
    scene.close('/file', file);
    expect(failure(() => scene.write('/file', 'more'))).toBe('ACCESS_DENIED');
    await scene.medium.end();
    expect(mtool('mattrib', image, '::file')).toMatch(/^\s+SHR\s/);
    expect(mtool('mdir', image, '-a', '::file')).toContain('2002-02-03   4:05');
  });

  it('reserves nothing, but says when there is no room', () => {
    const scene = new Scene(newImage(fat12));
    scene.write('/file', 'x'.repeat(2000));
    const file = scene.open('/file');
    const size = (): number | undefined => scene.operations.queryOpen('/file').size;
    scene.operations.setAllocationSize('/file', 100_000, file);
    expect(size()).toBe(2000);
    const reserve = (length: number) => () =>
      scene.operations.setAllocationSize('/file', length, file);
    expect(failure(reserve(2 ** 20))).toBe('DISK_FULL');
    expect(failure(reserve(2 ** 32))).toBe('FILE_TOO_LARGE');
    reserve(700)();
    expect(size()).toBe(700);
    const before = scene.operations.getDiskFreeSpace().totalFreeBytes;
    expect(failure(() => scene.operations.setEndOfFile('/file', 2 ** 20, file))).toBe('DISK_FULL');
    expect(failure(() => scene.operations.setEndOfFile('/file', 2 ** 32, file))).toBe(
      'FILE_TOO_LARGE',
    );
    expect(scene.operations.getDiskFreeSpace().totalFreeBytes).toBe(before);
    scene.close('/file', file);
  });
});
