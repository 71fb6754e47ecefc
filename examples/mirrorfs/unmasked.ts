import { isMainThread } from 'node:worker_threads';

/**
 * Makes something with exactly the mode it is given. The asking process's umask is in that mode
 * already; ours has no say. (A chmod afterwards would do too, but would also undo what a default
 * ACL of the directory has taken away.)
 */
export function unmasked<T>(make: () => T): T {
  // A worker may not change the umask: it is the process's. Such a program sets it to 0 itself.
  if (!isMainThread) return make();
  const umask = process.umask(0);
  try {
    return make();
  } finally {
    process.umask(umask);
  }
}
