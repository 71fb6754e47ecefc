/** What a warning about it has as `code`. */
export const OWN_MOUNT = 'NODE_DOKAN_OWN_MOUNT';

/**
 * Warns that the process that serves a volume also uses it. From another thread than the serving one
 * that works, but the process then waits for itself: enough of it at once, and the threads that
 * Node has for files all wait for callbacks that need one of them.
 */
export function warnOfOwnUse(mountPoint: string): void {
  warn(
    `This process uses the volume that it serves itself, at ${mountPoint}`,
    'Callbacks that wait for files may then never get a thread, and a synchronous call on the ' +
      'volume fails. Serve the volume from a process of its own (node:child_process), or call the ' +
      'file system directly.',
  );
}

/**
 * Warns that a thread of the option `threads` uses the volume that it serves with others. One of those
 * answers, as long as not all of them wait for each other.
 */
export function warnOfThreadsUse(mountPoint: string): void {
  warn(
    `A thread that serves the volume at ${mountPoint} also uses it`,
    'When all its threads do so at the same time, they wait for each other for ever. Call the file ' +
      'system directly.',
  );
}

function warn(message: string, detail: string): void {
  process.emitWarning(message, { type: 'NodeDokanWarning', code: OWN_MOUNT, detail });
}
