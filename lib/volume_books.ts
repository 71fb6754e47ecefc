import type { CallbackStatistics } from './callback_runner.js';
import type { DokanOperations, MediaState } from './operations.js';

/** What a volume must know of whatever calls the file system's callbacks: the dispatcher, or several. */
export interface VolumeBooks {
  /** The volume is usable. */
  mounted(mountPoint: string): Promise<void>;
  /** The counters of every callback that was called. */
  statistics(): Partial<Record<keyof DokanOperations, CallbackStatistics>>;
  /** Opens whose closeFile is not done. */
  readonly openCount: number;
  /** @param tell - called when the medium of a volume goes, comes back or is another one */
  onMediaChange(tell: (state: MediaState) => void): void;
  /**
   * The volume is gone.
   * @param status - what outstanding and further requests fail with
   */
  shutdown(status: number): Promise<void>;
}
