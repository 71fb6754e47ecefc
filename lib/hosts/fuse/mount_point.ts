import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MountError } from '../../errors.js';
import { FUSE_TYPE, ownerOf } from '../../mounts/list.js';
import { readMountInfo, topmostAt, type MountInfo } from '../../mounts/mountinfo.js';
import { mayUnmountAll, nameUser } from './privilege.js';

/** Checks of the place a volume is to be mounted at. None of them asks a file system that may hang. */

export const DEVICE = '/dev/fuse';

/** Major and minor number 10, 229 of the device, as in `rdev` (Documentation/admin-guide/devices.txt). */
const DEVICE_RDEV = (10 << 8) | 229;

/** @throws MountError when this machine has no FUSE */
export async function checkDevice(mountPoint: string): Promise<void> {
  let right: boolean;
  try {
    const device = await stat(DEVICE);
    right = device.isCharacterDevice() && device.rdev === DEVICE_RDEV;
  } catch (cause) {
    throw missingDevice(mountPoint, cause);
  }
  if (!right) throw missingDevice(mountPoint, undefined);
}

export function missingDevice(mountPoint: string, cause: unknown): MountError {
  return new MountError({
    code: 'ENODEV',
    mountPoint,
    problem: `This system has no FUSE device at ${DEVICE}, so nothing can be mounted`,
    cure: 'Load the kernel module (modprobe fuse); in a container pass the device on (--device /dev/fuse).',
    cause,
  });
}

/**
 * The path as the kernel lists it: without symbolic links on the way. The last component is not
 * looked at, because what is mounted there may not answer.
 */
export async function canonicalPath(mountPoint: string): Promise<string> {
  const absolute = resolve(mountPoint);
  if (topmostAt(await readMountInfo(), absolute) !== undefined) return absolute;
  let parent: string;
  try {
    parent = await realpath(dirname(absolute));
  } catch (cause) {
    throw unusable(mountPoint, cause);
  }
  const path = join(parent, basename(absolute));
  if (topmostAt(await readMountInfo(), path) !== undefined) return path;
  try {
    return await realpath(path);
  } catch (cause) {
    throw unusable(mountPoint, cause);
  }
}

/** @throws MountError when the directory is missing, is none, or has contents */
export async function checkDirectory(path: string, mayHaveContents: boolean): Promise<void> {
  let isDirectory: boolean;
  let names: string[] = [];
  try {
    isDirectory = (await lstat(path)).isDirectory();
    if (isDirectory && !mayHaveContents) names = await readdir(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
  if (!isDirectory) {
    throw new MountError({
      code: 'ENOTDIR',
      mountPoint: path,
      problem: 'The mount point is not a directory',
      cure: 'Name an empty directory.',
    });
  }
  if (names.length > 0) {
    throw new MountError({
      code: 'ENOTEMPTY',
      mountPoint: path,
      problem: 'The mount point is not empty, and its contents would be hidden',
      cure: "Name an empty directory, or set the option 'nonEmpty'.",
    });
  }
}

/**
 * @param allSessions - other users' volumes too, with the privilege for that
 * @throws MountError EBUSY for what is no volume of this package; EPERM for another user's
 */
export async function checkHolder(mount: MountInfo, allSessions: boolean): Promise<void> {
  if (mount.type !== FUSE_TYPE) {
    throw new MountError({
      code: 'EBUSY',
      mountPoint: mount.mountPoint,
      problem: `Something else is mounted there (${mount.type}, ${mount.source})`,
      cure: 'It is not a volume of node-dokan and is left alone. Name another directory.',
    });
  }
  const owner = ownerOf(mount);
  if (owner === process.getuid?.()) return;
  if (allSessions && (await mayUnmountAll())) return;
  throw new MountError({
    code: 'EPERM',
    mountPoint: mount.mountPoint,
    problem: `The volume mounted there belongs to user ${owner === undefined ? 'unknown' : await nameUser(owner)}`,
    cure: allSessions
      ? "It is left alone. Option 'allSessions' needs the privilege to unmount it: run as root (with CAP_SYS_ADMIN)."
      : "It is left alone. Name another directory, have its owner unmount it, or as root set the option 'allSessions'.",
  });
}

const CURES: Record<string, string> = {
  ENOENT: 'Create the directory first.',
  ENOTDIR: 'A part of the path is not a directory. Name an empty directory.',
  EACCES: 'Name a directory this user may read.',
  ENOTCONN:
    "A volume whose process has died is still mounted there. Set the option 'forceUnmount', or run fusermount3 -u.",
};

function unusable(mountPoint: string, cause: unknown): MountError {
  const { code = 'EIO', message } = cause as NodeJS.ErrnoException;
  return new MountError({
    code,
    mountPoint,
    problem:
      code === 'ENOENT'
        ? 'The mount point does not exist'
        : `The mount point cannot be used (${message})`,
    cure: CURES[code] ?? 'Name an empty directory.',
    cause,
  });
}
