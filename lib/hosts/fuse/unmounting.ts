import { setTimeout as delay } from 'node:timers/promises';
import { MountError } from '../../errors.js';
import { busyProcesses, nameProcesses } from '../../mounts/busy_processes.js';
import { readMountInfo, type MountInfo } from '../../mounts/mountinfo.js';
import { loadLinuxAddon } from '../addon.js';
import { findHelper, missingHelper } from './mount_helper.js';
import { mayUnmountAll } from './privilege.js';

/** umount2(2) flags. */
export const MNT_FORCE = 1;
const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

/** The first pause between two attempts and the longest one, in milliseconds. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 100;

/** Unmounts by whatever means there are. */
export async function unmountPath(mountPoint: string, lazy: boolean, force = 0): Promise<void> {
  if (await mayUnmountAll()) return unmountDirectly(mountPoint, lazy, force);
  const helper = await findHelper();
  if (helper === undefined) throw missingHelper(mountPoint);
  return unmountThroughHelper(helper, mountPoint, lazy);
}

/**
 * Tries again for as long as the volume is in use.
 * @param attempt - unmounts, or fails with a MountError EBUSY
 * @param timeout - in milliseconds; 0 for a single attempt
 * @throws the last EBUSY, and every other error at once
 */
export async function persist(attempt: () => Promise<void>, timeout: number): Promise<void> {
  const end = performance.now() + timeout;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await attempt();
    } catch (error) {
      const left = end - performance.now();
      if (!isBusy(error) || left <= 0) throw error;
      await delay(Math.min(pause, left));
    }
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof MountError && error.code === 'EBUSY';
}

/** The error for a volume in use, which says by whom. */
export async function inUse(mount: MountInfo, cause: unknown): Promise<MountError> {
  const { mountPoint, id } = mount;
  const below = (await readMountInfo()).find(({ parentId }) => parentId === id);
  if (below !== undefined) {
    return new MountError({
      code: 'EBUSY',
      mountPoint,
      problem: `Something is mounted in the volume, at ${below.mountPoint} (${below.type}, ${below.source})`,
      cure: 'Unmount that first, or unmount with { force: true }.',
      cause,
    });
  }
  const processes = await busyProcesses(mount);
  if (processes.length === 0) return busy(mountPoint, cause);
  return new MountError({
    code: 'EBUSY',
    mountPoint,
    problem: `The volume is in use by ${nameProcesses(processes)}`,
    cure: 'End it there, or unmount with { force: true }.',
    processes,
    cause,
  });
}

export async function unmountDirectly(mountPoint: string, lazy: boolean, force = 0): Promise<void> {
  try {
    const flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0) | force;
    await loadLinuxAddon().unmountDirect(mountPoint, flags);
  } catch (error) {
    throw unmountFailure(mountPoint, error);
  }
}

export async function unmountThroughHelper(
  helper: string,
  mountPoint: string,
  lazy: boolean,
): Promise<void> {
  try {
    await loadLinuxAddon().unmountWithHelper(helper, mountPoint, lazy);
  } catch (error) {
    throw unmountFailure(mountPoint, error);
  }
}

function busy(mountPoint: string, cause: unknown): MountError {
  return new MountError({
    code: 'EBUSY',
    mountPoint,
    problem: 'The volume is in use: a program has a file open or its current directory there',
    cure: 'Close it, or unmount with { force: true }.',
    cause,
  });
}

/** What umount2(2) or the helper failed with, as users see it. */
export function unmountFailure(mountPoint: string, error: unknown): Error {
  const { code, detail } = error as NodeJS.ErrnoException & { detail?: string };
  if (code === undefined) return error as Error;
  if (code === 'EBUSY' || (detail?.includes('busy') ?? false)) return busy(mountPoint, error);
  return new MountError({
    code: code === 'EHELPER' ? 'EPERM' : code,
    mountPoint,
    problem: `Unmounting failed (${detail ?? code})`,
    cure: 'Only the user who mounted a volume, or root, can unmount it.',
    cause: error,
  });
}
