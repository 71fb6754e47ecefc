import type { Outcome } from '../../outcome.js';
import type { Request } from './request.js';
import { RequestFlag } from './slot.js';

/** Cleanup and CloseFile. Dokan looks at no answer of theirs; all it wants is that they come back. */

export function cleanup(request: Request): Outcome<void> {
  const { session } = request;
  const entry = session.contexts.find(request.context);
  if (entry === undefined) return;
  const { open } = entry;
  // The driver decides, for all opens of a file together: the last handle deletes, whichever open
  // was asked, and an open that was asked does not, when another one has taken it back.
  open.deletePending = request.has(RequestFlag.DELETE_PENDING);
  return session.target.cleanup(open, request.path(entry), request);
}

export function closeFile(request: Request): Outcome<void> {
  const { session } = request;
  const entry = session.contexts.remove(request.context);
  if (entry === undefined) return;
  // The cleanup has deleted it, if anybody has.
  entry.open.deletePending = false;
  return session.target.closeFile(entry.open, request.path(entry), request);
}
