import { copyFileSync, openSync, readFileSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ImageError } from '../../../examples/imagefs/image_error.js';
import { examplePath } from '../../support/example.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { runProgram } from '../../support/tools.js';
import { KINDS, makeImage, missingFatTools } from './images.js';
import { failure, Scene } from './scene.js';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

const MEGABYTE = 2 ** 20;

/** A disk with partitions of 1 MiB each. @param partitions - their types and images, by number */
function makeDisk(
  name: string,
  partitions: Record<number, { type: number; image?: string }>,
): string {
  const path = join(temporary.path, name);
  const numbers = Object.keys(partitions).map(Number);
  const disk = Buffer.alloc(MEGABYTE * (Math.max(0, ...numbers) + 1));
  for (const number of numbers) {
    const { type, image } = partitions[number]!;
    const entry = 446 + (number - 1) * 16;
    disk.writeUInt8(type, entry + 4);
    disk.writeUInt32LE((number * MEGABYTE) / 512, entry + 8);
    disk.writeUInt32LE(MEGABYTE / 512, entry + 12);
    if (image !== undefined) readFileSync(image).copy(disk, number * MEGABYTE);
  }
  disk.writeUInt16LE(0xaa55, 510);
  writeFileSync(path, disk);
  return path;
}

describe.skipIf(missingFatTools !== undefined)(`images ${missingFatTools ?? ''}`, () => {
  const [, , args] = KINDS[0];
  const labelled = (label: string): string =>
    makeImage(join(temporary.path, `${label}.img`), 1024, '-n', label, ...args);

  it('have a volume in a partition', async () => {
    const [one, two] = [labelled('ONE'), labelled('TWO')];
    const disk = makeDisk('disk.img', {
      1: { type: 0x83 },
      2: { type: 0x01, image: one },
      4: { type: 0x0e, image: two },
    });
    const first = new Scene(disk);
    expect(first.operations.getVolumeInformation().volumeName).toBe('ONE');
    first.write('/file', 'in the first');
    await first.medium.end();
    const fourth = new Scene(disk, 4);
    expect(fourth.operations.getVolumeInformation().volumeName).toBe('TWO');
    expect(fourth.names()).toEqual([]);
    await fourth.medium.end();
    // What is outside of the partition was not touched.
    const before = readFileSync(
      makeDisk('again.img', { 1: { type: 0x83 }, 2: { type: 1 }, 4: { type: 14 } }),
    );
    const after = readFileSync(disk);
    expect(after.subarray(0, 2 * MEGABYTE).equals(before.subarray(0, 2 * MEGABYTE))).toBe(true);
    expect(after.subarray(4 * MEGABYTE).equals(readFileSync(two))).toBe(true);
    expect(() => new Scene(disk, 3)).toThrow(/no partition 3.*It has: 1, 2, 4/);
    expect(() => new Scene(disk, 1)).toThrow(/partition 1 is of another kind/);
  });

  it('are refused where the volume reaches into what lies behind its partition', () => {
    const two = labelled('LARGE');
    const disk = makeDisk('small.img', { 1: { type: 0x01, image: two }, 2: { type: 0x83 } });
    const bytes = readFileSync(disk);
    bytes.writeUInt32LE(MEGABYTE / 512 - 1, 446 + 12);
    const path = join(temporary.path, 'smaller.img');
    writeFileSync(path, bytes);
    for (const partition of [undefined, 1]) {
      const scene = (): unknown => new Scene(path, partition);
      expect(failure(scene)).toBe('ERR_NOT_FAT');
      expect(scene).toThrow(/larger than partition 1/);
    }
    expect(new Scene(disk).operations.getVolumeInformation().volumeName).toBe('LARGE');
  });

  const refused = (name: string, bytes: Buffer): (() => unknown) => {
    const path = join(temporary.path, name);
    writeFileSync(path, bytes);
    return () => new Scene(path);
  };
  const named = (name: string): Buffer => {
    const bytes = Buffer.alloc(MEGABYTE);
    bytes.write(`\xeb\x76\x90${name}`, 0, 'latin1');
    return bytes;
  };

  it('are refused with the reason', () => {
    expect(refused('empty', Buffer.alloc(0))).toThrow(/it is too short/);
    expect(refused('zeros', Buffer.alloc(MEGABYTE))).toThrow(/it has no FAT boot sector/);
    expect(refused('exfat', named('EXFAT   '))).toThrow(/it is exFAT/);
    expect(refused('ntfs', named('NTFS    '))).toThrow(/it is NTFS/);
    expect(() => new Scene(makeDisk('gpt', { 1: { type: 0xee } }))).toThrow(/a GPT/);
    expect(() => new Scene(makeDisk('ext', { 1: { type: 0x83 } }))).toThrow(
      /none of its partitions/,
    );
    expect(() => new Scene(temporary.path)).toThrow(/EISDIR|Not a file/);
    const missing = (): unknown => new Scene(join(temporary.path, 'missing'));
    expect(failure(missing)).toBe('ENOENT');
    expect(missing).toThrow(/--image/);
    const cut = readFileSync(labelled('CUT')).subarray(0, 100_000);
    expect(refused('cut', cut)).toThrow(/ends before its FAT file system does/);
  });

  it('with a boot sector that cannot be are refused, or read as far as they go', () => {
    const good = labelled('GOOD');
    const bad = join(temporary.path, 'bad.img');
    for (let at = 0; at < 90; at += 1) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        copyFileSync(good, bad);
        const file = openSync(bad, 'r+');
        writeSync(file, Buffer.of(value), 0, 1, at);
        closeSync(file);
        try {
          const scene = new Scene(bad);
          scene.names();
          void scene.medium.end();
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }
    }
  });
});

describe('the command', () => {
  const program = examplePath('imagefs');
  const command = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram(process.execPath, [program, ...args]);

  it('says what is wrong, and ends with 1 or 2', async () => {
    const missing = join(temporary.path, 'missing');
    const point = temporary.directory('mount');
    const absent = await command('--image', missing, '--mount', point);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain(`error: Cannot open the image (ENOENT): ${missing}`);
    const unnamed = await command('--mount', point);
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toContain('--image');
    const partition = await command('--image', missing, '--partition', '5');
    expect(partition.code).toBe(2);
  });
});
