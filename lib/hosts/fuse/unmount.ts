import { MountError } from '../../errors.js';
import { readMountInfo, topmostAt } from '../../mounts/mountinfo.js';
import { canonicalPath, checkHolder } from './mount_point.js';
import { takeAway, unmountPath } from './mounting.js';

/**
 * Unmounts a volume of this user, whichever process serves it.
 * @throws MountError EINVAL when nothing is mounted there, and what `checkHolder` throws
 */
export async function unmountFuse(mountPoint: string, force: boolean): Promise<void> {
  const path = await canonicalPath(mountPoint);
  const holder = topmostAt(await readMountInfo(), path);
  if (holder === undefined) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint: path,
      problem: 'Nothing is mounted there',
      cure: 'listMounts() names what is mounted.',
    });
  }
  checkHolder(holder);
  await (force ? takeAway(holder) : unmountPath(path, false));
}
