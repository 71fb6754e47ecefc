import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { MountError } from '../../errors.js';

/** What mounts and unmounts for users without privileges. */
export const HELPER = 'fusermount3';

/** @returns its path, when it is installed */
export async function findHelper(): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, HELPER);
    try {
      await access(path);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

export function missingHelper(mountPoint: string): MountError {
  return new MountError({
    code: 'ENOENT',
    mountPoint,
    problem: `Without privileges mounting needs ${HELPER}, which is not installed`,
    cure: 'Install it: apt-get install fuse3 (dnf install fuse3, apk add fuse3).',
  });
}
