import { resolveLibraryOptions, type LibraryOptions } from '../options.js';
import { readMountInfo, type MountInfo } from './mountinfo.js';

/** Type of our volumes in the kernel's list. */
export const FUSE_TYPE = 'fuse.node-dokan';

/** A mounted volume of this package. */
export interface MountEntry {
  /** Directory or drive it is mounted at. */
  readonly mountPoint: string;
  /** Label it was mounted with; on Windows Dokan's list does not tell, and it is empty. */
  readonly volumeLabel: string;
  /** Linux: user who mounted it. */
  readonly userId: number | undefined;
  readonly readOnly: boolean;
}

/**
 * Every volume of this package on this machine, by the kernel's own list; on Windows every volume of
 * Dokan's.
 * @throws MountError when Dokan cannot be asked
 */
export async function listMounts(options?: LibraryOptions): Promise<MountEntry[]> {
  const { libraryPath } = resolveLibraryOptions(options);
  if (process.platform === 'win32') {
    return (await import('../hosts/dokan/mount_list.js')).listDokanMounts(libraryPath);
  }
  if (process.platform !== 'linux') return [];
  const mounts = await readMountInfo();
  return mounts.filter(({ type }) => type === FUSE_TYPE).map(toEntry);
}

function toEntry(mount: MountInfo): MountEntry {
  return {
    mountPoint: mount.mountPoint,
    volumeLabel: mount.source,
    userId: ownerOf(mount),
    readOnly: mount.options.includes('ro'),
  };
}

/** The user who mounted a FUSE file system, as the kernel keeps it. */
export function ownerOf(mount: MountInfo): number | undefined {
  for (const option of mount.options) {
    const id = /^user_id=(\d+)$/.exec(option)?.[1];
    if (id !== undefined) return Number(id);
  }
  return undefined;
}
