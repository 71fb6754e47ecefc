import { NO_CALLER } from '../../open_file.js';
import type { Outcome } from '../../outcome.js';
import { release, type Caller } from '../../target.js';
import { endBacking } from './backing.js';
import { stillHasPages } from './kept_pages.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** The kernel lets go of a file handle. */
export function closeFileHandle(session: Session, number: number, caller: Caller): Outcome<void> {
  const handle = session.files.remove(number);
  if (handle === undefined) return;
  const path = session.nodes.path(handle.named);
  endBacking(session, handle, number);
  session.nodes.removeOpen(handle.node, handle);
  if (!handle.letGo()) return;
  return release(session.target, handle.open, path, caller);
}

/** The kernel lets go of a directory handle. */
export function closeDirectoryHandle(
  session: Session,
  number: number,
  caller: Caller,
): Outcome<void> {
  const handle = session.directories.remove(number);
  if (handle === undefined) return;
  session.listings?.close(handle);
  handle.rewind();
  if (handle.open === undefined) return;
  return release(session.target, handle.open, session.nodes.path(handle.node), caller);
}

/** The handle of a reply that never reached the kernel, which therefore will not release it. */
export function releaseHandle(session: Session, request: Request): void {
  const number = request.opened;
  request.opened = 0;
  if (request.openedDirectory) {
    void closeDirectoryHandle(session, number, NO_CALLER);
    return;
  }
  const handle = session.files.find(number);
  if (handle !== undefined) stillHasPages(handle);
  void closeFileHandle(session, number, NO_CALLER);
}
