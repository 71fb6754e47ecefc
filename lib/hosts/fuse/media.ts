import type { MediaState } from '../../operations.js';
import type { FuseNotifications } from './notifications.js';
import type { Session } from './session.js';

/** A removable medium has gone, or is another one: what is kept of it, here and in the kernel, is not. */
export function forgetMedium(
  session: Session,
  notifications: FuseNotifications,
  state: MediaState,
): void {
  // Of one that was absent nothing was learned.
  if (state === 'present') return;
  // While the names are known that it is to forget.
  notifications.everything();
  for (const handle of session.directories) handle.rewind();
  if (state === 'changed') session.nodes.loseAll();
}
