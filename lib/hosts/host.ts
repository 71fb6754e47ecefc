import type { CallbackError, ThreadError } from '../errors.js';
import type { MediaState } from '../operations.js';
import type { ResolvedOptions, ResolvedUnmountOptions } from '../options.js';
import type { RequestTarget } from '../target.js';
import type { VolumeBooks } from '../volume_books.js';

/**
 * How a volume came to its end: `unmounted` by its own `unmount()`, `ejected` by somebody else's
 * (umount(8), Explorer), `forced` when it was taken away with requests in flight, `lost` when the
 * kernel's side failed.
 */
export type CloseReason = 'unmounted' | 'ejected' | 'forced' | 'lost';

/** Tells the kernel what changed without it, so that nobody sees old contents. Paths as in callbacks. */
export interface Notifications {
  /** A file or directory has appeared. */
  created(path: string, isDirectory: boolean): boolean;
  /** A file or directory has gone. */
  deleted(path: string, isDirectory: boolean): boolean;
  /** Contents or attributes have changed. */
  updated(path: string): boolean;
  renamed(path: string, newPath: string, isDirectory: boolean): boolean;
}

/** A volume as its host sees it. */
export interface HostedVolume {
  /** What the system really assigned. */
  readonly mountPoint: string;
  /** Fulfilled when the kernel has let go, before the file system is told. */
  readonly ended: Promise<CloseReason>;
  readonly notify: Notifications;
  /**
   * The kernel's name of what is mounted, as its list of mounts has it; undefined when the list does
   * not tell. Absent where there is no such list.
   */
  identify?(): Promise<string | undefined>;
  /**
   * @param force - take it away from whoever is using it
   * @param timeout - milliseconds to wait for programs to close their files before that, or before it fails; default 0
   * @throws MountError EBUSY when files are open and `force` is false
   */
  unmount(force: boolean, timeout?: number): Promise<void>;
  /** Removable media: what the kernel knows of the one that was there is to be forgotten. */
  mediaChanged?(state: MediaState): void;
  /** Windows: lines of Dokan's driver, those that came before included; with the option `driverLogs`. */
  onDriverLog?(listener: (line: string) => void): void;
}

/** A volume that several threads serve. */
export interface ThreadedVolume {
  readonly hosted: HostedVolume;
  readonly books: VolumeBooks;
}

/** What mounts volumes: FUSE on Linux, Dokan on Windows. */
export interface Host {
  /**
   * Fulfilled when the volume is usable.
   * @param target - answers the requests
   * @throws MountError and leaves nothing mounted
   */
  mount(mountPoint: string, target: RequestTarget, options: ResolvedOptions): Promise<HostedVolume>;

  /**
   * As `mount`, served by several threads, of which each has its own operations. Absent where one
   * thread serves.
   * @param module - URL of the file system module
   * @param tell - called with errors of callbacks, and when a thread has died
   */
  mountThreads?(
    mountPoint: string,
    module: string,
    options: ResolvedOptions,
    tell: (error: CallbackError | ThreadError) => void,
  ): Promise<ThreadedVolume>;

  /**
   * A mount point as `HostedVolume.mountPoint` would have it.
   * @throws MountError for what can be none
   */
  spelling(mountPoint: string): Promise<string>;

  /**
   * Unmounts a volume, whichever process serves it.
   * @throws MountError EINVAL when there is none
   */
  unmount(mountPoint: string, options: ResolvedUnmountOptions): Promise<void>;
}
