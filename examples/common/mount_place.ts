import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MountError } from 'node-dokan';

/** Where an example mounts when it is not told. */
export const DEFAULT_MOUNT_POINT = process.platform === 'win32' ? 'M:' : './mnt';

const DRIVE = /^[A-Za-z]:[\\/]?$/;

/** The place a volume is mounted at: a drive letter, or a directory that is made when missing. */
export interface MountPlace {
  readonly mountPoint: string;
  /** Removes the directory, when `preparePlace` made it. */
  restore(): void;
}

function nothing(): void {}

/**
 * @param mountPoint - drive letter or directory
 * @throws MountError when the directory is missing and cannot be made
 */
export function preparePlace(mountPoint: string): MountPlace {
  if (DRIVE.test(mountPoint)) return { mountPoint, restore: nothing };
  const directory = resolve(mountPoint);
  try {
    // Its parents are not made: they would be a mistyped path more often than not.
    mkdirSync(directory);
  } catch (error) {
    // mkdir, not stat, looks whether it is there: stat fails on the remains of a dead mount.
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw cannotMake(directory, code, error);
    return { mountPoint: directory, restore: nothing };
  }
  return { mountPoint: directory, restore: () => removeEmpty(directory) };
}

function cannotMake(mountPoint: string, code: string, cause: unknown): MountError {
  const cure =
    code === 'ENOENT'
      ? `Make ${dirname(mountPoint)} first, or choose another place (--mount).`
      : 'Choose a place you may write to (--mount).';
  return new MountError({ code, mountPoint, problem: 'Cannot make the directory', cure, cause });
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Someone uses it by now (not empty, or mounted again): then it is theirs.
  }
}
