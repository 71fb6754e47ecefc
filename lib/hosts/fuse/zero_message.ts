import { NO_HANDLE, DirectoryHandle, FileHandle } from './handles.js';
import { fuseError } from './fuse_error.js';
import type { Node } from './nodes.js';
import { Errno } from './protocol.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/**
 * Zero-message opens: told once that opens mean nothing to a file system (ENOSYS), the kernel opens
 * files, and directories, without asking. Its requests then name a node, and no handle.
 */

/**
 * The open file a request names.
 * @param flags - of open(2), as far as the request tells them
 * @throws FuseError EBADF for a handle that is not in use; ESTALE for a file that has no path any
 *   more, which is all that such a file system knows it by
 */
export function fileOf(
  session: Session,
  request: Request,
  number: number,
  flags: number,
): FileHandle {
  if (number !== NO_HANDLE || !session.opensFilesFreely) return session.files.get(number);
  const node = session.nodes.get(request.nodeId);
  if (node.isUnlinked) throw fuseError(Errno.ESTALE);
  const open = session.target.adopt(session.nodes.path(node));
  return new FileHandle(open, node, node, flags);
}

/** More directories than programs usually read at a time. */
const MOST_LISTINGS = 64;

/**
 * Listings of directories that nobody has opened. A directory has one, that of whoever read in it last;
 * who goes on in one that is gone goes on at the same place of a new one.
 */
export class FreeListings {
  /** Those in which nobody reads just now, what was read in last at the end. */
  readonly #byNode = new Map<Node, DirectoryHandle>();
  #isOver = false;

  /** For one reading: until it is given back it is nobody else's. */
  take(session: Session, node: Node, position: number): DirectoryHandle {
    const kept = this.#byNode.get(node);
    this.#byNode.delete(node);
    if (kept !== undefined && position !== 0) return kept;
    kept?.rewind();
    // A directory that is removed has nothing in it.
    const open = node.isUnlinked ? undefined : session.target.adopt(session.nodes.path(node), true);
    return new DirectoryHandle(open, node);
  }

  /** @param isOver - nobody goes on in it */
  give(handle: DirectoryHandle, isOver: boolean): void {
    if (isOver || this.#isOver) return handle.rewind();
    this.#drop(handle.node);
    this.#byNode.set(handle.node, handle);
    if (this.#byNode.size <= MOST_LISTINGS) return;
    for (const oldest of this.#byNode.keys()) return this.#drop(oldest);
  }

  /** The connection is over. */
  end(): void {
    this.#isOver = true;
    for (const node of this.#byNode.keys()) this.#drop(node);
  }

  #drop(node: Node): void {
    this.#byNode.get(node)?.rewind();
    this.#byNode.delete(node);
  }
}
