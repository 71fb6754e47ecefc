import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Device, type DiskImage } from '../../../examples/imagefs/device.js';
import { FatVolume } from '../../../examples/imagefs/fat_volume.js';
import { findVolume } from '../../../examples/imagefs/partition.js';
import { missingTools } from '../../support/tools.js';

/** What makes and checks images; where it is missing, the tests that need it are left out. */
export const missingFatTools =
  process.platform === 'win32'
    ? 'Windows has no mkfs.fat'
    : missingTools('mkfs.fat', 'fsck.fat', 'mtools');

/** A program that must succeed. */
function must(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    // mtools' own settings are none of ours.
    env: { ...process.env, MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1', LC_ALL: 'C.UTF-8' },
  });
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')}: ${String(error ?? status)}\n${stdout}${stderr}`);
}

/** Makes an image. @param kibibytes - its size @param args - for mkfs.fat */
export function makeImage(path: string, kibibytes: number, ...args: string[]): string {
  must('mkfs.fat', ['-C', ...args, path, String(kibibytes)]);
  return path;
}

/** Fails when fsck.fat finds anything at all. */
export function checkImage(path: string): string {
  return must('fsck.fat', ['-n', path]);
}

/** What fsck.fat finds, and nothing is done about. */
export function faultsOf(path: string): string {
  const { stdout } = spawnSync('fsck.fat', ['-n', path], { encoding: 'utf8' });
  return stdout;
}

/** Runs one of the mtools on an image. */
export function mtool(name: string, image: string, ...args: string[]): string {
  return must(name, ['-i', image, ...args]);
}

/** An image in memory, each write of which can be looked at, or fail. */
export class MemoryImage implements DiskImage {
  bytes: Buffer;
  isReadOnly = false;
  /** Called before each write; what it throws the write fails with. */
  beforeWrite: (length: number, position: number) => void = () => undefined;

  constructor(path: string) {
    this.bytes = readFileSync(path);
  }

  read(buffer: Uint8Array, position: number): void {
    this.bytes.copy(buffer, 0, position, position + buffer.length);
  }

  write(buffer: Uint8Array, position: number): void {
    this.beforeWrite(buffer.length, position);
    this.bytes.set(buffer, position);
  }

  size(): number {
    return this.bytes.length;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  save(path: string): string {
    writeFileSync(path, this.bytes);
    return path;
  }

  /** Reads the volume anew. */
  mount(): FatVolume {
    const { position, geometry } = findVolume(this, 'in memory');
    return new FatVolume(new Device(this, position, geometry.size), geometry);
  }
}

/** The three kinds, each with little room so that it is full now and then. */
export const KINDS = [
  ['FAT12', 512, ['-F', '12', '-s', '1', '-r', '64']],
  ['FAT16', 6 * 1024, ['-F', '16', '-s', '1']],
  // So small a FAT32 is unusual, which fsck.fat does not mind.
  ['FAT32', 4 * 1024, ['-F', '32', '-s', '2']],
] as const;
