import { loadLinuxAddon } from '../addon.js';
import { UMOUNT_NOFOLLOW, unmountDirectly, unmountFailure } from './unmounting.js';

/** umount2(2) flag: marks what is mounted there, or unmounts it when it is marked already. */
const MNT_EXPIRE = 4;

/** How often to mark a volume: whoever looks at it takes the mark away. */
const MARKS = 16;

/**
 * Unmounts one volume, and nothing that somebody else mounts in its place this moment. umount2(2) goes
 * by path, and between a look at the list of mounts and the call another one may be on top. With
 * MNT_EXPIRE only what has been marked goes; what is on top after marking is what was marked, or the
 * mark is on something that is gone.
 *
 * @param isThere - whether the volume is on top at its mount point; when not, nothing is done
 * @throws MountError EBUSY when it is in use, and what else the kernel says
 */
export async function unmountExactly(
  mountPoint: string,
  isThere: () => Promise<boolean>,
): Promise<void> {
  for (let mark = 0; mark <= MARKS; mark += 1) {
    if (!(await isThere())) return;
    try {
      await loadLinuxAddon().unmountDirect(mountPoint, MNT_EXPIRE | UMOUNT_NOFOLLOW);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue;
      // Somebody else was faster.
      if (!(await isThere())) return;
      throw unmountFailure(mountPoint, error);
    }
  }
  // Somebody looks at it all the time.
  await unmountDirectly(mountPoint, false);
}
