import { MountError } from '../../errors.js';
import type { ResolvedUnmountOptions } from '../../options.js';
import { canonicalPath, checkHolder } from './mount_point.js';
import { seeMountAt } from './seen_mount.js';
import { takeAway, unmountIfOnTop } from './taking_away.js';
import { inUse, isBusy, persist } from './unmounting.js';

/**
 * Unmounts a volume of this user, whichever process serves it.
 * @throws MountError EINVAL when nothing is mounted there, EBUSY when it is in use, and what
 *   `checkHolder` throws
 */
export async function unmountFuse(
  mountPoint: string,
  { force, timeout, allSessions }: ResolvedUnmountOptions,
): Promise<void> {
  const path = await canonicalPath(mountPoint);
  const holder = await seeMountAt(path);
  if (holder === undefined) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint: path,
      problem: 'Nothing is mounted there',
      cure: 'listMounts() names what is mounted.',
    });
  }
  await checkHolder(holder, allSessions);
  if (force) return takeAway(holder, timeout);
  try {
    await persist(() => unmountIfOnTop(holder), timeout);
  } catch (error) {
    throw isBusy(error) ? await inUse(holder, error) : error;
  }
}
