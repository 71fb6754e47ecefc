import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { mountsOf, readMountInfo, type MountInfo } from '../../mounts/mountinfo.js';
import { settledWithin } from '../../settled_within.js';
import { loadLinuxAddon } from '../addon.js';
import { mayUnmountAll } from './privilege.js';
import { isOnTop, isThere, type SeenMount } from './seen_mount.js';
import { MNT_FORCE, persist, unmountPath } from './unmounting.js';
import { unmountExactly } from './unmounting_exactly.js';

/** How long force is gentle, in milliseconds, with a volume that nobody uses and with what is to be written. */
export const GENTLE = 2_000;

/**
 * Takes a volume away from its process and from everybody who uses it: the place is free, and the
 * connection is cut, so that nobody waits for a process that hangs.
 *
 * @param mount - what is on top at its mount point
 * @param timeout - milliseconds for programs to close their files
 */
export async function takeAway(mount: SeenMount, timeout: number): Promise<void> {
  const { mountPoint, deviceNumber } = mount;
  // A process that is well gets what the kernel has not written yet. Unmounting may take as long
  // as that process likes, hence the limit.
  const gently = persist(() => unmountIfOnTop(mount), timeout);
  const gentle = await settledWithin(gently, timeout + GENTLE);
  if (gentle === 'done') return;
  // Unmounting waits for the process that hangs, and so the number is still this connection's.
  if (gentle === 'late' && (await hasItsNumber(mount))) {
    await loadLinuxAddon().abortConnection(deviceNumber);
  }
  // In use: what is in the caches of those files would be lost.
  if (gentle === 'failed') await settledWithin(writeAll(mount), GENTLE);
  if (!(await isOnTop(mount))) return;
  // While it is mounted the number is its own. Cut first: its process learns that it was forced.
  await loadLinuxAddon().abortConnection(deviceNumber);
  // Its process, which learns of that, may have been faster, and somebody else already be there.
  if (!(await isOnTop(mount))) return;
  try {
    await unmountPath(mountPoint, true, MNT_FORCE);
  } catch (error) {
    if (await isOnTop(mount)) throw error;
  }
}

/** Nothing is unmounted when it is not there any more, which is as good. */
export async function unmountIfOnTop(mount: SeenMount): Promise<void> {
  if (await mayUnmountAll()) return unmountExactly(mount.mountPoint, () => isOnTop(mount));
  if (!(await isOnTop(mount))) return;
  try {
    await unmountPath(mount.mountPoint, false);
  } catch (error) {
    if (await isOnTop(mount)) throw error;
  }
}

/** Its device's number is free again when it is gone, and may be another volume's. */
async function hasItsNumber(mount: SeenMount): Promise<boolean> {
  const mounts = mountsOf(await readMountInfo(), mount.deviceNumber);
  if (mounts.length === 0) return true;
  return mounts.some(({ id }) => id === mount.id) && (await isThere(mount));
}

/** The kernel makes the requests for what it has not written yet, and does not wait for the answers. */
async function writeAll({ mountPoint, deviceNumber }: MountInfo): Promise<void> {
  await loadLinuxAddon().syncFileSystem(mountPoint);
  const until = performance.now() + GENTLE;
  while ((await waitingCount(deviceNumber)) > 0 && performance.now() < until) await delay(10);
}

/** Requests without an answer; 0 where the system does not say. */
async function waitingCount(deviceNumber: string): Promise<number> {
  const connection = deviceNumber.slice(deviceNumber.indexOf(':') + 1);
  try {
    return Number(await readFile(`/sys/fs/fuse/connections/${connection}/waiting`, 'utf8'));
  } catch {
    return 0;
  }
}
