import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './cleanup.js';
import { detachBelow } from './mounts.js';

/** A directory of the test's own, on the disk that carries os.tmpdir(). */
export interface TemporaryDirectory {
  readonly path: string;
  /** Makes a directory in it and returns its path. */
  directory(name: string): string;
  /** Takes it away, after detaching what is still mounted below. */
  remove(): void;
}

export function temporaryDirectory(): TemporaryDirectory {
  // mountinfo shows resolved paths only.
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'node-dokan-test-'));
  // Helpers with another uid have to get in.
  chmodSync(path, 0o755);
  const remove = (): void => {
    detachBelow(path);
    // A mount that could not be detached would be emptied by rm: that error is the better one.
    rmSync(path, { recursive: true, force: true });
    released();
  };
  const released = atExit(remove);
  return {
    path,
    directory(name) {
      const made = join(path, name);
      mkdirSync(made, { recursive: true });
      return made;
    },
    remove,
  };
}
