import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FatVolume } from '../../../examples/imagefs/fat_volume.js';
import { ImageError } from '../../../examples/imagefs/image_error.js';
import { Record } from '../../../examples/imagefs/record.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { faultsOf, makeImage, MemoryImage, missingFatTools } from './images.js';
import { contentsOf } from './model.js';
import { failure, Scene } from './scene.js';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

const SLOT = 32;
const FIRST_CLUSTER_LOW = 26;
const FIRST_CLUSTER_HIGH = 20;

describe('the number of a cluster', () => {
  it('has an upper half on FAT32 only; elsewhere that is something else, and stays', () => {
    const bytes = Buffer.alloc(SLOT);
    bytes.writeUInt16LE(7, FIRST_CLUSTER_HIGH);
    for (const kind of ['FAT12', 'FAT16'] as const) {
      const record = new Record(bytes, { kind });
      record.firstCluster = 0x2345;
      expect(record.firstCluster).toBe(0x2345);
      expect(bytes.readUInt16LE(FIRST_CLUSTER_HIGH)).toBe(7);
    }
    const record = new Record(bytes, { kind: 'FAT32' });
    expect(record.firstCluster).toBe(0x72345);
    record.firstCluster = 0x12345;
    expect(record.firstCluster).toBe(0x12345);
    expect(bytes.readUInt16LE(FIRST_CLUSTER_HIGH)).toBe(1);
  });
});

describe.skipIf(missingFatTools !== undefined)(`a damaged volume ${missingFatTools ?? ''}`, () => {
  let count = 0;
  const newImage = (...args: string[]): string => {
    count += 1;
    const path = join(temporary.path, `${String(count)}.img`);
    return makeImage(path, 1024, ...(args.length > 0 ? args : ['-F', '12', '-s', '1']));
  };

  const write = (volume: FatVolume, path: string, data: Buffer): void => {
    volume.data.write(volume.create(path, false, 0), data, 0);
  };
  const read = (volume: FatVolume, path: string): string =>
    contentsOf(volume, volume.get(path)).toString('latin1');
  const names = (volume: FatVolume, path: string): string[] =>
    volume
      .contents(volume.get(path))
      .list()
      .map(({ name }) => name)
      .sort();
  /** Where the record of a short name is; there must be one such name. */
  const recordOf = (disk: MemoryImage, name: string): number => disk.bytes.indexOf(name.padEnd(11));
  /** Lets one file have the clusters of another one. */
  const link = (disk: MemoryImage, from: string, to: string): void => {
    const cluster = disk.bytes.readUInt16LE(recordOf(disk, to) + FIRST_CLUSTER_LOW);
    disk.bytes.writeUInt16LE(cluster, recordOf(disk, from) + FIRST_CLUSTER_LOW);
  };

  it.each([
    ['without a name', ' '.repeat(11)],
    ['with the name of another one', 'VISIBLE    '],
  ])('keeps a directory in which is a file %s', (_what, name) => {
    const disk = new MemoryImage(newImage());
    const before = disk.mount();
    for (const directory of ['/d', '/other']) before.create(directory, true, 0);
    for (const file of ['/d/VISIBLE', '/d/HIDDEN']) write(before, file, Buffer.from(file));
    disk.bytes.write(name, recordOf(disk, 'HIDDEN'), 'latin1');
    const volume = disk.mount();
    expect(names(volume, '/d')).toEqual(['VISIBLE']);
    volume.remove(volume.get('/d/VISIBLE'));
    expect(volume.contents(volume.get('/d')).count).toBe(1);
    expect(failure(() => volume.move(volume.get('/other'), '/d', true))).toBe(
      'DIRECTORY_NOT_EMPTY',
    );
  });

  it('with a directory that does not begin as one leaves it where it is', () => {
    const disk = new MemoryImage(newImage());
    const before = disk.mount();
    for (const directory of ['/A', '/B']) before.create(directory, true, 0);
    for (const file of ['ONE', 'TWO']) write(before, `/A/${file}`, Buffer.from(file));
    const dot = recordOf(disk, '.');
    disk.bytes.copy(disk.bytes, dot, dot + 2 * SLOT, dot + 4 * SLOT);
    disk.bytes.fill(0, dot + 2 * SLOT, dot + 4 * SLOT);
    const volume = disk.mount();
    const bytes = Buffer.from(disk.bytes);
    expect(failure(() => volume.move(volume.get('/A'), '/B/A', false))).toBe('FILE_CORRUPT_ERROR');
    expect(disk.bytes.equals(bytes)).toBe(true);
    expect(read(volume, '/A/ONE')).toBe('ONE');
    expect(names(volume, '/B')).toEqual([]);
    // Within one directory nothing has to be changed in it.
    volume.move(volume.get('/A'), '/C', false);
    expect(read(disk.mount(), '/C/TWO')).toBe('TWO');
  });

  it.each([
    ['above', '/A/B', '/A'],
    ['beside', '/B', '/A'],
  ])('does not read a directory as two: the same as the one %s', (_where, path, other) => {
    const disk = new MemoryImage(newImage());
    const before = disk.mount();
    before.create('/A', true, 0);
    before.create(path, true, 0);
    link(disk, 'B', 'A');
    const volume = disk.mount();
    write(volume, `${other}/FILE`, Buffer.from('file'));
    expect(failure(() => write(volume, `${path}/LOST`, Buffer.from('lost')))).toBe(
      'FILE_CORRUPT_ERROR',
    );
    expect(read(disk.mount(), `${other}/FILE`)).toBe('file');
  });

  it('does not free clusters that are another file’s by now', () => {
    for (const change of ['remove', 'cut']) {
      const disk = new MemoryImage(newImage());
      const before = disk.mount();
      for (const name of ['A', 'B']) write(before, `/${name}`, Buffer.alloc(2000, name));
      link(disk, 'B', 'A');
      const volume = disk.mount();
      expect(read(volume, '/B')).toBe('A'.repeat(2000));
      volume.remove(volume.get('/A'));
      const { freeBytes } = volume;
      write(volume, '/C', Buffer.alloc(freeBytes, 'C'));
      const entry = volume.get('/B');
      if (change === 'remove') volume.remove(entry);
      else expect(failure(() => volume.data.resize(entry, 0))).toBe('FILE_CORRUPT_ERROR');
      expect(volume.freeBytes).toBe(0);
      expect(read(disk.mount(), '/C')).toBe('C'.repeat(freeBytes));
      if (change !== 'remove') continue;
      const path = disk.save(join(temporary.path, 'linked.img'));
      expect(faultsOf(path)).not.toMatch(/chain length|share clusters/);
    }
  });

  it('without a root directory is refused, with its name and a cure', () => {
    const image = newImage('-F', '32', '-s', '1');
    const bytes = readFileSync(image);
    bytes.writeUInt32LE(0, bytes.readUInt16LE(14) * 512 + 8);
    writeFileSync(image, bytes);
    const mount = (): unknown => new Scene(image);
    expect(mount).toThrow(ImageError);
    expect(mount).toThrow(image);
    expect(mount).toThrow(/FILE_CORRUPT_ERROR.*fsck\.fat/);
  });
});
