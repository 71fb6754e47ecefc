import type { Node } from './node.js';
import { invalidEntry, invalidNode } from './notification.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/**
 * Callbacks of a request are still running that were given up on: what they change until they come
 * back the kernel knows nothing of, and it may have asked meanwhile. It is told then, as of a change
 * that somebody made behind its back.
 */
export function tellOfLateChanges(session: Session, request: Request): void {
  const { changes, changedName, changesToo, changedNameToo } = request;
  const node = session.nodes.find(request.nodeId);
  const tell = (): void => {
    if (changes !== undefined) tellOfName(session, changes, changedName);
    if (changesToo !== undefined) tellOfName(session, changesToo, changedNameToo);
    // Of what is there no more it takes no notice.
    if (node !== undefined) session.notify(invalidNode(node));
  };
  for (const call of request.late) {
    // One that heeds its signal has come back before anybody gets here.
    void (call.whenReturned?.() ?? Promise.resolve()).then(tell);
  }
}

function tellOfName(session: Session, parent: Node, name: string): void {
  session.listings?.changedUnseen(parent);
  const encoded = session.codec.encode(name);
  if (encoded !== undefined) session.notify(invalidEntry(parent, encoded));
  session.notify(invalidNode(parent));
}
