import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * Where a mount point is below a root, relative to it with `/`; undefined when it is elsewhere.
 * A mount point that is the root itself hides nothing: the root was opened before.
 */
export function pathBelow(root: string, mountPoint: string): string | undefined {
  const place = resolve(mountPoint);
  // The place itself may be a symbolic link; where it is missing, its parent may be one.
  const real = realPath(place, () => join(realPath(dirname(place)), basename(place)));
  const path = relative(realpathSync(root), real);
  const isBelow = path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
  return isBelow ? path.replaceAll(sep, '/') : undefined;
}

function realPath(directory: string, otherwise = (): string => directory): string {
  try {
    return realpathSync(directory);
  } catch {
    // It is not there: then mounting fails, and says so better than we could.
    return otherwise();
  }
}
