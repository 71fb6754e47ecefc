import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { comparable } from './config.js';

/**
 * A mount point as the kernel's list has it. Asked before mounting only: later the volume would have
 * to answer, if a symbolic link leads to it.
 */
export async function placeOf(point: string): Promise<string> {
  if (process.platform !== 'linux') return comparable(point);
  const { canonicalPath } = await import('../hosts/fuse/mount_point.js');
  const path = resolve(point);
  try {
    return await canonicalPath(path);
  } catch {
    // Missing, and to be made: then only the directory above is there.
    const parent = await realpath(dirname(path)).catch(() => dirname(path));
    return join(parent, basename(path));
  }
}
