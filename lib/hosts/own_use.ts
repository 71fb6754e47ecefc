/** What a warning about it has as `code`. */
export const OWN_MOUNT = 'NODE_DOKAN_OWN_MOUNT';

/**
 * Warns that the process that serves a volume also uses it. From another thread than the serving one
 * that works, but the process then waits for itself: enough of it at once, and the threads that
 * Node has for files all wait for callbacks that need one of them.
 */
export function warnOfOwnUse(mountPoint: string): void {
  process.emitWarning(`This process uses the volume that it serves itself, at ${mountPoint}`, {
    type: 'NodeDokanWarning',
    code: OWN_MOUNT,
    detail:
      'Callbacks that wait for files may then never get a thread, and a synchronous call on the ' +
      'volume fails. Serve the volume from a process of its own (node:child_process), or call the ' +
      'file system directly.',
  });
}
