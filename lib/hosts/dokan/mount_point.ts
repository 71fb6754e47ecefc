import { lstat, readdir } from 'node:fs/promises';
import { win32 } from 'node:path';
import { MountError } from '../../errors.js';

const DRIVE = /^([A-Za-z])(?::[\\/]?)?$/;
const FOLDER = /^[A-Za-z]:[\\/]/;
/** What the driver and the mount manager put in front of a drive letter. */
const DEVICE_PREFIX = /^\\(?:DosDevices|\?\?|GLOBAL\?\?)\\/i;

/**
 * The one way a mount point is written here: `M:`, or the path of a folder without `\` at its end.
 * @param mountPoint - `M`, `M:`, `M:\`, or the absolute path of a folder
 * @throws MountError EINVAL for anything else
 */
export function normalMountPoint(mountPoint: string): string {
  const letter = DRIVE.exec(mountPoint)?.[1];
  if (letter !== undefined) return `${letter.toUpperCase()}:`;
  if (!FOLDER.test(mountPoint)) throw noPlace(mountPoint);
  const folder = win32.normalize(mountPoint).replace(/\\$/, '');
  return `${folder.slice(0, 1).toUpperCase()}${folder.slice(1)}`;
}

function noPlace(mountPoint: string): MountError {
  return new MountError({
    code: 'EINVAL',
    mountPoint,
    problem: 'This is no place for a volume',
    cure: "Name a drive letter that is free ('M:') or the whole path of an empty folder on NTFS ('C:\\mnt\\notes').",
  });
}

/** A mount point as Dokan tells it, written as ours are; what it does not know stays as it is. */
export function toldMountPoint(told: string): string {
  const bare = told.replace(DEVICE_PREFIX, '');
  try {
    return normalMountPoint(bare);
  } catch {
    return bare;
  }
}

export function isDrive(mountPoint: string): boolean {
  return DRIVE.test(mountPoint);
}

/** Windows does not tell names apart by case. */
export function isSamePlace(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** @throws MountError when a folder is missing, is none, or has contents */
export async function checkFolder(folder: string): Promise<void> {
  let names: string[];
  try {
    // What is mounted there is a link, and is looked for elsewhere.
    if ((await lstat(folder)).isSymbolicLink()) return;
    names = await readdir(folder);
  } catch (cause) {
    const { code = 'EIO', message } = cause as NodeJS.ErrnoException;
    throw new MountError({
      code,
      mountPoint: folder,
      problem: PROBLEMS[code] ?? `The mount point cannot be used (${message})`,
      cure: code === 'ENOENT' ? 'Create the folder first.' : 'Name an empty folder.',
      cause,
    });
  }
  if (names.length === 0) return;
  throw new MountError({
    code: 'ENOTEMPTY',
    mountPoint: folder,
    problem: 'The mount point is not empty, and Windows mounts on empty folders only',
    cure: 'Name an empty folder.',
  });
}

const PROBLEMS: Partial<Record<string, string>> = {
  ENOENT: 'The mount point does not exist',
  ENOTDIR: 'The mount point is not a folder',
};
