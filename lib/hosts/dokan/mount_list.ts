import { setTimeout as delay } from 'node:timers/promises';
import { MountError } from '../../errors.js';
import type { MountEntry } from '../../mounts/list.js';
import { loadWindowsAddon } from './addon.js';
import { mountFailure } from './mount_failure.js';
import { isSamePlace, normalMountPoint, toldMountPoint } from './mount_point.js';
import type { NativeMountPoint, WindowsAddon } from './native.js';

/** What is mounted through Dokan on this machine, by the driver's own list. */

/** The session of volumes that all sessions see. */
const EVERY_SESSION = 0xffff_ffff;

/** How long a volume that was told to go may stay in the list, in milliseconds. */
const PATIENCE = 5_000;
const LOOK_AGAIN = 50;

/** @throws MountError when Dokan cannot be asked */
export async function dokanMounts(libraryPath: string | undefined): Promise<NativeMountPoint[]> {
  try {
    return await loadWindowsAddon().listMountPoints(libraryPath, false);
  } catch (error) {
    throw mountFailure(libraryPath ?? 'dokan2.dll', error);
  }
}

/** The driver's bit for a volume that cannot be written to. */
const DRIVER_WRITE_PROTECT = 1 << 1;

/** None where there is no Dokan. @throws MountError when it cannot be asked */
export async function listDokanMounts(libraryPath: string | undefined): Promise<MountEntry[]> {
  let mounts: NativeMountPoint[];
  try {
    mounts = await dokanMounts(libraryPath);
  } catch (error) {
    if (libraryPath === undefined && (error as MountError).code === 'ERR_DOKAN_NOT_INSTALLED') {
      return [];
    }
    throw error;
  }
  return mounts.map(({ mountPoint, mountOptions }) => ({
    mountPoint: toldMountPoint(mountPoint),
    volumeLabel: '',
    userId: undefined,
    readOnly: (mountOptions & DRIVER_WRITE_PROTECT) !== 0,
  }));
}

/** What is mounted at a place, if anything. @param mountPoint - as `normalMountPoint` writes it */
export async function holderOf(
  mountPoint: string,
  libraryPath: string | undefined,
): Promise<NativeMountPoint | undefined> {
  const mounts = await dokanMounts(libraryPath);
  return mounts.find((mount) => isSamePlace(toldMountPoint(mount.mountPoint), mountPoint));
}

/** Who holds a mount point, for people to read. */
export function describeHolder({ deviceName, sessionId, uncName }: NativeMountPoint): string {
  const whose = sessionId === EVERY_SESSION ? 'all sessions' : `session ${sessionId}`;
  return `${uncName === '' ? deviceName : uncName}, of ${whose}`;
}

/** @throws MountError EPERM when a volume is another session's */
function checkHolder(mountPoint: string, holder: NativeMountPoint, addon: WindowsAddon): void {
  if (holder.sessionId === EVERY_SESSION || holder.sessionId === addon.sessionId) return;
  throw new MountError({
    code: 'EPERM',
    mountPoint,
    problem: `The volume mounted there belongs to somebody else (${describeHolder(holder)})`,
    cure: 'It is left alone. Name another mount point, or have its owner unmount it.',
  });
}

/**
 * Takes a volume away, whichever process serves it, and waits until it is out of the list.
 * @throws MountError EPERM when it is another session's, EBUSY when it does not go
 */
export async function takeAway(
  mountPoint: string,
  holder: NativeMountPoint,
  libraryPath: string | undefined,
): Promise<void> {
  const addon = loadWindowsAddon();
  checkHolder(mountPoint, holder, addon);
  let removed: boolean;
  try {
    removed = await addon.removeMountPoint(libraryPath, mountPoint);
  } catch (error) {
    throw mountFailure(mountPoint, error);
  }
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const still = await holderOf(mountPoint, libraryPath);
    if (still?.deviceName !== holder.deviceName) return;
    if (!removed || performance.now() > deadline) break;
    await delay(LOOK_AGAIN);
  }
  throw new MountError({
    code: 'EBUSY',
    mountPoint,
    problem: `The volume mounted there does not go (${describeHolder(holder)})`,
    cure: 'Close what uses it, or end the process that serves it.',
  });
}

/**
 * Unmounts a volume of any process.
 * @throws MountError EINVAL when there is none, and as `takeAway`
 */
export async function unmountDokan(
  mountPoint: string,
  libraryPath: string | undefined,
): Promise<void> {
  const place = normalMountPoint(mountPoint);
  const holder = await holderOf(place, libraryPath);
  if (holder === undefined) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint: place,
      problem: 'No Dokan volume is mounted there',
      cure: 'listMounts() names what is mounted.',
    });
  }
  await takeAway(place, holder, libraryPath);
}
