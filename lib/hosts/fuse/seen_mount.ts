import { readMountInfo, topmostAt, type MountInfo } from '../../mounts/mountinfo.js';
import { loadLinuxAddon } from '../addon.js';

/**
 * A mount as it was found on top at its mount point. The numbers of the list, and that of the device,
 * are those of the next volume there as soon as it is gone; where the kernel has a number that is
 * never used again that tells the two apart.
 */
export interface SeenMount extends MountInfo {
  /** 0 where it is not known. */
  readonly uniqueId: number;
}

/** What is on top at a path. */
export async function seeMountAt(path: string): Promise<SeenMount | undefined> {
  // First: should another one come in between, the two do not fit, and it counts as gone.
  const uniqueId = await loadLinuxAddon().uniqueMountId(path);
  const mount = topmostAt(await readMountInfo(), path);
  return mount === undefined ? undefined : { ...mount, uniqueId };
}

/** Whether it is still there, and on top. Leaves the mark of MNT_EXPIRE alone. */
export async function isOnTop(mount: SeenMount): Promise<boolean> {
  const top = topmostAt(await readMountInfo(), mount.mountPoint);
  // As long as the mount is there nobody else has its number.
  return top?.id === mount.id && top.deviceNumber === mount.deviceNumber && isThere(mount);
}

/** Whether it is still there, at the same place or covered, as far as is known. */
export async function isThere({ id, uniqueId }: SeenMount): Promise<boolean> {
  if (uniqueId === 0) return true;
  const listed = await loadLinuxAddon().listedMountId(uniqueId);
  return listed === id || listed < 0;
}
