import { setTimeout as delay } from 'node:timers/promises';
import { MountError } from '../../errors.js';
import { readMountInfo, topmostAt } from '../../mounts/mountinfo.js';
import type { ResolvedOptions } from '../../options.js';
import { endGuards } from './guard.js';
import { checkDirectory, checkHolder } from './mount_point.js';
import { mountDevice, type MountedDevice } from './mounting.js';
import { seeMountAt } from './seen_mount.js';
import { takeAway } from './taking_away.js';

/** The first pause between two looks at a place that somebody claims and the longest one, in milliseconds. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 20;

/** How long the guard of a volume that is gone may take to end, in milliseconds. */
const GUARD_PATIENCE = 100;

/** How long a claim on an empty place is respected, in milliseconds: nobody needs one for so long. */
const CLAIM_PATIENCE = 3_000;

/**
 * Mounts where nothing is mounted, or where it may be taken away.
 * @throws MountError EBUSY when a volume is mounted there and `forceUnmount` is not set, and what
 *   `checkHolder` throws
 */
export async function mountInPlace(path: string, options: ResolvedOptions): Promise<MountedDevice> {
  let begun = performance.now();
  let endedGuards = false;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const wasFree = await makeRoom(path, options);
    // Somebody else was there: what was claimed before is not any more.
    if (!wasFree) begun = performance.now();
    try {
      await checkDirectory(path, options.nonEmpty);
    } catch (error) {
      // It was a volume that was looked at, which somebody else has mounted since.
      if (!(await isFree(path))) continue;
      throw error;
    }
    const waited = performance.now() - begun;
    const mounted = await mountDevice(path, options, waited < CLAIM_PATIENCE);
    if (mounted !== undefined) return mounted;
    // Another process mounts there this moment, or the guard of the last volume is still there: that of
    // a process that hangs does not end by itself.
    if (waited > GUARD_PATIENCE && !endedGuards && (await isFree(path))) {
      endedGuards = true;
      await endGuards(path);
    }
    await delay(pause);
  }
}

/**
 * What is mounted there already must go, or the new volume does not come.
 * @returns whether nothing was
 */
async function makeRoom(path: string, options: ResolvedOptions): Promise<boolean> {
  for (let wasFree = true; ; wasFree = false) {
    const holder = await seeMountAt(path);
    if (holder === undefined) return wasFree;
    await checkHolder(holder, options.allSessions);
    if (!options.forceUnmount) throw occupied(path);
    // Below it there may be another one, left by a process that had died before.
    await takeAway(holder, 0);
  }
}

async function isFree(path: string): Promise<boolean> {
  return topmostAt(await readMountInfo(), path) === undefined;
}

export function occupied(mountPoint: string): MountError {
  return new MountError({
    code: 'EBUSY',
    mountPoint,
    problem: 'A volume of node-dokan is mounted there already',
    cure: "Unmount it first, or set the option 'forceUnmount'.",
  });
}
