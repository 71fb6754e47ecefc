import { annotationOf, fittingNote } from '../../mounts/annotation.js';
import {
  FUSE_TYPE,
  groupOf,
  ownerOf,
  type MountEntry,
  type MountState,
} from '../../mounts/list.js';
import { readMountInfo, type MountInfo } from '../../mounts/mountinfo.js';
import type { Note } from '../../mounts/note.js';
import { allNotes, forget, ownNote } from '../../mounts/own_mounts.js';
import { loadLinuxAddon } from '../addon.js';

/** What is mounted through FUSE on this machine, by the kernel's own list. */

/** @param timeout - milliseconds a volume may take to answer */
export async function listFuseMounts(timeout: number): Promise<MountEntry[]> {
  // Before the kernel's list: what is in none of the two was mounted later.
  const stored = await allNotes();
  const mounts = (await readMountInfo()).filter(({ type }) => type === FUSE_TYPE);
  const entries = Promise.all(
    mounts.map((mount) => {
      const notes = stored.map(({ note }) => note).filter((note) => isAbout(note, mount));
      return toEntry(mount, notes, timeout);
    }),
  );
  await forget(stored, (note) => mounts.some((mount) => isAbout(note, mount)));
  return entries;
}

function isAbout(note: Note, mount: MountInfo): boolean {
  return (
    note.device === mount.deviceNumber &&
    note.mountPoint === mount.mountPoint &&
    note.user === ownerOf(mount)?.toString()
  );
}

async function toEntry(
  mount: MountInfo,
  notes: readonly Note[],
  timeout: number,
): Promise<MountEntry> {
  const own = ownNote(mount.deviceNumber);
  const known = own !== undefined && isAbout(own, mount) ? [own] : notes;
  const state = own === undefined ? await stateOf(mount, timeout) : 'live';
  return {
    mountPoint: mount.mountPoint,
    volumeLabel: mount.source,
    userId: ownerOf(mount),
    sessionId: undefined,
    readOnly: mount.options.includes('ro'),
    state,
    ...annotationOf(await fittingNote(known, state)),
  };
}

async function stateOf(mount: MountInfo, timeout: number): Promise<MountState> {
  const { mountPoint, deviceNumber } = mount;
  const userId = ownerOf(mount);
  const groupId = groupOf(mount);
  if (userId === undefined || groupId === undefined) return 'unknown';
  try {
    const probe = { mountPoint, deviceNumber, userId, groupId, timeout };
    return await loadLinuxAddon().probeVolume(probe);
  } catch {
    // The system gives no thread, or no addon fits: listing needs none.
    return 'unknown';
  }
}
