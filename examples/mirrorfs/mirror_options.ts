import type { BackingStore } from './backing_store.js';

export interface MirrorOptions {
  /** `/file:name` is a stream of the file; the mount option `altStreams` must say the same. Default true. */
  altStreams?: boolean | undefined;
  /** Every change is refused. Default false. */
  readOnly?: boolean | undefined;
  /**
   * Names that differ in case are different. Default: true on Linux. On Windows the directory
   * itself decides, whatever this says.
   */
  caseSensitive?: boolean | undefined;
  /** The host may read and write files without asking us (`file.backingFd`). Default true. */
  passthrough?: boolean | undefined;
  /**
   * A path below the root, relative to it, that the volume does not show: its own mount point, if
   * that lies below the root. Looking at it would be asking ourselves, and waiting for the answer.
   */
  hide?: string | undefined;
  /** Told when the volume is mounted and unmounted. */
  log?: ((line: string) => void) | undefined;
  /** Opens the directory. Default: by what suits the system best. */
  openStore?: ((root: string) => BackingStore) | undefined;
}
