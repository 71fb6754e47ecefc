import { resolveListOptions, type ListOptions } from '../options.js';
import type { MountInfo } from './mountinfo.js';

export { FUSE_TYPE } from './fuse_type.js';

/**
 * How a volume is: it has answered; it did not in time; the process that served it is gone; or this
 * user may not ask it, or cannot reach it, because something else is mounted on top.
 */
export type MountState = 'live' | 'hung' | 'dead' | 'unknown';

/**
 * A mounted volume of this package. That it is mounted, and where, is the kernel's word. What the
 * kernel does not know is this user's note of it, and undefined where there is none.
 */
export interface MountEntry {
  /** Directory or drive it is mounted at. */
  readonly mountPoint: string;
  /** Label it was mounted with; on Windows by the note, and empty without. */
  readonly volumeLabel: string;
  /** Linux: user who mounted it. */
  readonly userId: number | undefined;
  /** Windows: session that sees it; undefined when all do. */
  readonly sessionId: number | undefined;
  readonly readOnly: boolean;
  readonly state: MountState;
  /** Process that serves it; undefined when that is gone, for another one may have its number by now. */
  readonly processId: number | undefined;
  /** With what command that process was started. */
  readonly command: readonly string[] | undefined;
  /** The option `fileSystemName`, else the name of the operations' class. */
  readonly fileSystem: string | undefined;
  /** As given to `mount`, without Buffers. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
  readonly mountedAt: Date | undefined;
}

/**
 * Every volume of this package on this machine, by the kernel's own list; on Windows every volume of
 * Dokan's. All are asked at once how they are, by processes and threads of their own: a volume that
 * does not answer costs the `timeout` and nothing else.
 * @throws OptionError for options that are wrong
 * @throws MountError when Dokan cannot be asked
 */
export async function listMounts(options?: ListOptions): Promise<MountEntry[]> {
  const { libraryPath, timeout } = resolveListOptions(options);
  if (process.platform === 'win32') {
    return (await import('../hosts/dokan/mount_list.js')).listDokanMounts(libraryPath, timeout);
  }
  if (process.platform !== 'linux') return [];
  return (await import('../hosts/fuse/mount_list.js')).listFuseMounts(timeout);
}

/** The user who mounted a FUSE file system, as the kernel keeps it. */
export function ownerOf(mount: MountInfo): number | undefined {
  return idOf(mount, /^user_id=(\d+)$/);
}

/** The same user's group. */
export function groupOf(mount: MountInfo): number | undefined {
  return idOf(mount, /^group_id=(\d+)$/);
}

function idOf(mount: MountInfo, pattern: RegExp): number | undefined {
  for (const option of mount.options) {
    const id = pattern.exec(option)?.[1];
    if (id !== undefined) return Number(id);
  }
  return undefined;
}
