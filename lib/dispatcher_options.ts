import type { Counters } from './counters.js';
import type { CallbackError } from './errors.js';

/** What the dispatcher must know of the volume. */
export interface DispatcherOptions {
  /** Milliseconds a promise may take; Infinity for no limit. */
  readonly operationTimeout: number;
  /** Milliseconds between two checks of removable media. */
  readonly mediaCheckInterval: number;
  readonly caseSensitive: boolean;
  readonly userModeLock: boolean;
  readonly altStreams: boolean;
  readonly volumeLabel: string | undefined;
  readonly fileSystemName: string | undefined;
  /** Where to count; by default nobody else sees it. */
  readonly counters?: Counters | undefined;
  /** Called with every programming error of the file system. */
  readonly onError: (error: CallbackError) => void;
}
