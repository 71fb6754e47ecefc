import { MountError } from '../../errors.js';
import { allNotes, currentUser, ownNote } from '../../mounts/own_mounts.js';
import { loadWindowsAddon } from './addon.js';
import type { NativeMountPoint } from './native.js';

/** Whose a volume of Dokan's is. The driver knows its session, and not its user. */

/** The session of volumes that all sessions see. */
export const EVERY_SESSION = 0xffff_ffff;

/** Who holds a mount point, for people to read. */
export function describeHolder({ deviceName, sessionId, uncName }: NativeMountPoint): string {
  const whose = sessionId === EVERY_SESSION ? 'all sessions' : `session ${sessionId}`;
  return `${uncName === '' ? deviceName : uncName}, of ${whose}`;
}

/**
 * Checks that a volume may be taken away: it is this session's, or this user has a note of having
 * mounted it for all sessions.
 * @param allSessions - any volume may be, by who has the privilege
 * @throws MountError EPERM when it is not ours
 */
export async function checkOwner(
  mountPoint: string,
  holder: NativeMountPoint,
  allSessions: boolean,
): Promise<void> {
  if (await isOurs(holder)) return;
  const problem = `The volume mounted there belongs to somebody else (${describeHolder(holder)})`;
  if (!allSessions) {
    throw new MountError({
      code: 'EPERM',
      mountPoint,
      problem,
      cure:
        'It is left alone. Name another mount point, have its owner unmount it, or set the option ' +
        "'allSessions' as an administrator.",
    });
  }
  if (loadWindowsAddon().isElevated()) return;
  throw new MountError({
    code: 'EPERM',
    mountPoint,
    problem: `${problem}, and this process is not elevated`,
    cure: "The option 'allSessions' needs an administrator: run this program as one.",
  });
}

async function isOurs({ deviceName, sessionId }: NativeMountPoint): Promise<boolean> {
  // Also where no note could be written.
  if (ownNote(deviceName) !== undefined) return true;
  const { sessionId: session } = loadWindowsAddon();
  if (sessionId !== EVERY_SESSION && sessionId !== session) return false;
  const notes = (await allNotes()).filter(({ note }) => note.device === deviceName);
  const user = currentUser();
  if (notes.some(({ note }) => note.user !== user)) return false;
  return sessionId === session || notes.length > 0;
}
