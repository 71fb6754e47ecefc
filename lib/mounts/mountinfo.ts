import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeBytes } from '../hosts/fuse/names.js';

const LIST = '/proc/self/mountinfo';

/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountInfo {
  /** Number of the mount; given to another one when it is gone. */
  readonly id: number;
  /** Number of the mount it is mounted on. */
  readonly parentId: number;
  readonly mountPoint: string;
  /** `major:minor` of the mounted file system's device. */
  readonly deviceNumber: string;
  readonly type: string;
  readonly source: string;
  /** Options of the mount and of the file system. */
  readonly options: readonly string[];
}

const DEVICE_NUMBER = /^\d+:\d+$/;

/** Undoes the kernel's escaping of space, tab, newline and backslash. */
function unescapeField(field: string): string {
  return field.replaceAll(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** @param text - contents of mountinfo; lines that make no sense are passed over */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    const [front, back] = line.split(' - ', 2);
    const [id, parentId, deviceNumber, , mountPoint, mountOptions] = front?.split(' ') ?? [];
    const [type, source, superOptions] = back?.split(' ') ?? [];
    if (deviceNumber === undefined || !DEVICE_NUMBER.test(deviceNumber)) continue;
    if (!mountPoint || !type) continue;
    mounts.push({
      id: Number(id),
      parentId: Number(parentId),
      mountPoint: unescapeField(mountPoint),
      deviceNumber,
      type,
      source: unescapeField(source ?? ''),
      options: [...(mountOptions?.split(',') ?? []), ...(superOptions?.split(',') ?? [])],
    });
  }
  return mounts;
}

/** The kernel's own list, which asks no file system anything and so cannot hang. */
export async function readMountInfo(): Promise<MountInfo[]> {
  return parseMountInfo(decodeBytes(await readFile(LIST)));
}

/** The same where nothing can be waited for. */
export function readMountInfoSync(): MountInfo[] {
  return parseMountInfo(decodeBytes(readFileSync(LIST)));
}

/**
 * The mount on top at a path: the one that none of the others there is mounted on. Several are left
 * only where one tree hides another: then it is the last.
 */
export function topmostAt(mounts: readonly MountInfo[], path: string): MountInfo | undefined {
  const stack = mounts.filter((mount) => mount.mountPoint === path);
  return stack.findLast(({ id }) => !stack.some((other) => other.parentId === id));
}

/** Every place a file system is mounted at: bind mounts and the like are further ones. */
export function mountsOf(mounts: readonly MountInfo[], deviceNumber: string): MountInfo[] {
  return mounts.filter((mount) => mount.deviceNumber === deviceNumber);
}
