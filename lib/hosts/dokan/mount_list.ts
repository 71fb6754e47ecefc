import { setTimeout as delay } from 'node:timers/promises';
import { MountError } from '../../errors.js';
import { annotationOf, fittingNote } from '../../mounts/annotation.js';
import type { MountEntry, MountState } from '../../mounts/list.js';
import type { Note } from '../../mounts/note.js';
import { allNotes, forget, ownNote } from '../../mounts/own_mounts.js';
import { isRunning } from '../../mounts/process_identity.js';
import { loadWindowsAddon } from './addon.js';
import { mountFailure } from './mount_failure.js';
import { isSamePlace, normalMountPoint, toldMountPoint } from './mount_point.js';
import type { NativeMountPoint } from './native.js';
import { checkOwner, describeHolder, EVERY_SESSION } from './ownership.js';

/** What is mounted through Dokan on this machine, by the driver's own list. */

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

/**
 * None where there is no Dokan.
 * @param timeout - milliseconds a volume may take to answer
 * @throws MountError when it cannot be asked
 */
export async function listDokanMounts(
  libraryPath: string | undefined,
  timeout: number,
): Promise<MountEntry[]> {
  // Before the driver's list: what is in none of the two was mounted later.
  const stored = await allNotes();
  let mounts: NativeMountPoint[];
  try {
    mounts = await dokanMounts(libraryPath);
  } catch (error) {
    if (libraryPath === undefined && (error as MountError).code === 'ERR_DOKAN_NOT_INSTALLED') {
      return [];
    }
    throw error;
  }
  const entries = Promise.all(
    mounts.map((mount) => {
      const notes = stored.map(({ note }) => note).filter((note) => isAbout(note, mount));
      return toEntry(mount, notes, timeout);
    }),
  );
  await forget(stored, (note) => mounts.some((mount) => isAbout(note, mount)));
  return entries;
}

function isAbout(note: Note, { deviceName, mountPoint }: NativeMountPoint): boolean {
  return note.device === deviceName && isSamePlace(note.mountPoint, toldMountPoint(mountPoint));
}

async function toEntry(
  mount: NativeMountPoint,
  notes: readonly Note[],
  timeout: number,
): Promise<MountEntry> {
  const mountPoint = toldMountPoint(mount.mountPoint);
  const own = ownNote(mount.deviceName);
  const state = own === undefined ? await stateOf(mountPoint, notes, timeout) : 'live';
  const annotation = annotationOf(await fittingNote(own === undefined ? notes : [own], state));
  const label = annotation.options?.['volumeLabel'];
  return {
    mountPoint,
    volumeLabel: typeof label === 'string' ? label : '',
    userId: undefined,
    sessionId: mount.sessionId === EVERY_SESSION ? undefined : mount.sessionId,
    readOnly: (mount.mountOptions & DRIVER_WRITE_PROTECT) !== 0,
    state,
    ...annotation,
  };
}

/**
 * Dokan's names are never used again: a volume whose note tells of a process that is gone is dead,
 * unless it answers.
 */
async function stateOf(
  mountPoint: string,
  notes: readonly Note[],
  timeout: number,
): Promise<MountState> {
  const served = await Promise.all(notes.map(({ process }) => isRunning(process)));
  const isGone = notes.length > 0 && !served.includes(true);
  let state: MountState;
  try {
    state = await loadWindowsAddon().probeVolume(mountPoint, timeout);
  } catch {
    // The system gives no thread.
    state = 'unknown';
  }
  return isGone && state !== 'live' ? 'dead' : state;
}

/** What is mounted at a place, if anything. @param mountPoint - as `normalMountPoint` writes it */
export async function holderOf(
  mountPoint: string,
  libraryPath: string | undefined,
): Promise<NativeMountPoint | undefined> {
  const mounts = await dokanMounts(libraryPath);
  return mounts.find((mount) => isSamePlace(toldMountPoint(mount.mountPoint), mountPoint));
}

/** Those of `mount` and `unmount` that concern other volumes. */
export interface TakingOptions {
  readonly libraryPath?: string | undefined;
  readonly allSessions?: boolean;
}

/**
 * Takes a volume away, whichever process serves it, and waits until it is out of the list.
 * @throws MountError as `checkOwner`, and EBUSY when it does not go
 */
export async function takeAway(
  mountPoint: string,
  holder: NativeMountPoint,
  { libraryPath, allSessions }: TakingOptions,
): Promise<void> {
  const addon = loadWindowsAddon();
  await checkOwner(mountPoint, holder, allSessions === true);
  // Looking at notes takes a while, and unmounting goes by the mount point.
  const now = await holderOf(mountPoint, libraryPath);
  if (now?.deviceName !== holder.deviceName) return;
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
export async function unmountDokan(mountPoint: string, options: TakingOptions): Promise<void> {
  const place = normalMountPoint(mountPoint);
  const holder = await holderOf(place, options.libraryPath);
  if (holder === undefined) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint: place,
      problem: 'No Dokan volume is mounted there',
      cure: 'listMounts() names what is mounted.',
    });
  }
  await takeAway(place, holder, options);
}
