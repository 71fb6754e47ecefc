import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeBytes } from '../hosts/fuse/names.js';

const LIST = '/proc/self/mountinfo';

/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountInfo {
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
    const [, , deviceNumber, , mountPoint, mountOptions] = front?.split(' ') ?? [];
    const [type, source, superOptions] = back?.split(' ') ?? [];
    if (deviceNumber === undefined || !DEVICE_NUMBER.test(deviceNumber)) continue;
    if (!mountPoint || !type) continue;
    mounts.push({
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

/** The mount on top at a path: the last one, for later mounts hide earlier ones. */
export function topmostAt(mounts: readonly MountInfo[], path: string): MountInfo | undefined {
  return mounts.findLast((mount) => mount.mountPoint === path);
}

/** Every place a file system is mounted at: bind mounts and the like are further ones. */
export function mountsOf(mounts: readonly MountInfo[], deviceNumber: string): MountInfo[] {
  return mounts.filter((mount) => mount.deviceNumber === deviceNumber);
}
