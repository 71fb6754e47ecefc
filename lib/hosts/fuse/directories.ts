import type { Outcome } from '../../outcome.js';
import { andThen } from '../../outcome.js';
import type { Open } from '../../target.js';
import { OPEN_DIRECTORY } from './access.js';
import { refuseLost } from './files.js';
import { fuseError } from './fuse_error.js';
import { DirectoryHandle } from './handles.js';
import type { Node } from './nodes.js';
import { Errno } from './protocol.js';
import { closeDirectoryHandle } from './release.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Handlers that open and close directories. */

export function openDirectory(session: Session, request: Request): Outcome<void> {
  // The kernel opens it, and whatever comes after, without asking.
  if (session.opensDirectoriesFreely) throw fuseError(Errno.ENOSYS);
  const node = session.nodes.get(request.nodeId);
  if (node.isUnlinked) {
    // Removed, but somebody's current directory: there is nothing in it any more.
    opened(undefined, { session, request, node });
    return;
  }
  const path = session.nodes.path(node);
  const open = session.target.createFile(path, OPEN_DIRECTORY, request);
  return andThen(open, opened, { session, request, node });
}

function opened(
  open: Open | undefined,
  { session, request, node }: { session: Session; request: Request; node: Node },
): void {
  if (open !== undefined) refuseLost(session, node, open);
  const handle = new DirectoryHandle(open, node);
  const number = session.directories.add(handle);
  request.opened = number;
  request.openedDirectory = true;
  request.out.u64(number);
  request.out.u32(open === undefined ? 0 : (session.listings?.open(handle) ?? 0));
  request.out.u32(0);
}

export function releaseDirectory(session: Session, request: Request): Outcome<void> {
  const number = request.in.u64();
  if (session.directories.find(number) === undefined) throw fuseError(Errno.EBADF);
  return closeDirectoryHandle(session, number, request);
}
