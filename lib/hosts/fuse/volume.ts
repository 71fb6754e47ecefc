import type { DiskFreeSpace, FileInformation } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import { isDirectoryMode, modeOf } from './attributes.js';
import { fuseError } from './fuse_error.js';
import { groupsOf } from './groups.js';
import { inform } from './lookup.js';
import type { Node } from './nodes.js';
import { Errno } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Handlers for the volume as a whole, and for what this host has no use for. */

export function fileSystemStatus(session: Session, request: Request): Outcome<void> {
  return andThen(session.target.getDiskFreeSpace(request), answerStatus, { session, request });
}

function answerStatus(
  space: DiskFreeSpace,
  { session, request }: { session: Session; request: Request },
): void {
  const { out } = request;
  const unit = session.options.defaults.blockSize;
  out.u64(Math.floor(space.totalBytes / unit));
  out.u64(Math.floor(space.totalFreeBytes / unit));
  out.u64(Math.floor(space.freeBytesAvailable / unit));
  // Dokan counts no files.
  out.u64(0);
  out.u64(0);
  out.u32(unit);
  out.u32(session.volume?.maximumComponentLength ?? 255);
  out.u32(unit);
  out.zeros(28);
}

const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

interface Checking {
  readonly session: Session;
  readonly request: Request;
  readonly node: Node;
  readonly mask: number;
}

/** access(2), where the kernel does not check permissions itself. */
export function checkAccess(session: Session, request: Request): Outcome<void> {
  const node = session.nodes.get(request.nodeId);
  const mask = request.in.u32();
  const info = inform(session, request, node, undefined);
  return andThen(info, compare, { session, request, node, mask });
}

function compare(info: FileInformation, { session, request, mask }: Checking): void {
  const { defaults } = session.options;
  const mode = modeOf(info, defaults);
  if (request.userId === 0) {
    const mayExecute = (mode & 0o111) !== 0 || isDirectoryMode(mode);
    if ((mask & EXECUTE) !== 0 && !mayExecute) throw fuseError(Errno.EACCES);
    return;
  }
  const asked = mask & (READ | WRITE | EXECUTE);
  const granted =
    request.userId === (info.uid ?? defaults.uid)
      ? mode >>> 6
      : isInGroup(request, info.gid ?? defaults.gid, ((mode >>> 3) ^ mode) & asked)
        ? mode >>> 3
        : mode;
  if ((asked & ~granted) !== 0) throw fuseError(Errno.EACCES);
}

/** @param difference - what the group has that others have not, or the reverse, of what is asked */
function isInGroup(request: Request, group: number, difference: number): boolean {
  if (request.groupId === group) return true;
  // Looked up only where it decides.
  return difference !== 0 && groupsOf(request.processId).includes(group);
}

export function interrupt(session: Session, request: Request): void {
  session.interrupt(request.in.u64());
}

export function destroy(): void {
  // The kernel says good-bye; the end of the connection says the same, and always comes.
}

/** Not supported, for good: the kernel does it itself from then on, or says so to the caller. */
export function notSupported(): never {
  throw fuseError(Errno.ENOSYS);
}

/** ioctl(2): no file here has any. */
export function noSuchControl(): never {
  throw fuseError(Errno.ENOTTY);
}
