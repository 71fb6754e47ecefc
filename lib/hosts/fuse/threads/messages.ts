import type { VolumeInformation } from '../../../operations.js';
import type { ResolvedOptions } from '../../../options.js';

/** What a thread is started with. */
export interface ThreadStart {
  readonly module: string;
  readonly threadIndex: number;
  readonly options: ResolvedOptions;
  /** Memory of its counters. */
  readonly counters: SharedArrayBuffer;
  /** As the kernel numbers them, all threads that serve the volume: an Int32Array by `threadIndex`. */
  readonly threadIds: SharedArrayBuffer;
  /** Milliseconds since the epoch, for files whose file system gives no time. */
  readonly time: number;
}

/** What INIT has agreed on, which one thread answers and all must know. */
export interface Agreement {
  readonly flags: number;
  readonly maxTransfer: number;
  readonly coherentDirectIo: boolean;
  readonly volume: Required<VolumeInformation> | undefined;
}

/** To a thread. */
export type Order =
  | {
      readonly order: 'serve';
      /** Number of the shared device. */
      readonly device: number;
      /** `undefined`: this thread is the one that answers INIT. */
      readonly agreement: Agreement | undefined;
    }
  | { readonly order: 'mounted'; readonly mountPoint: string }
  /** The volume is gone: what is outstanding fails with that NTSTATUS. */
  | { readonly order: 'shutdown'; readonly status: number };

/** From a thread. */
export type Report =
  /** The module is loaded. */
  | { readonly report: 'loaded' }
  /** There is no use in this thread. */
  | { readonly report: 'unusable'; readonly refusal: Refusal; readonly cause: unknown }
  /** It serves. `undefined` when the connection ended before INIT was answered. */
  | { readonly report: 'serving'; readonly agreement: Agreement | undefined }
  | { readonly report: 'ended'; readonly end: 'unmounted' | 'aborted' | 'lost' }
  | { readonly report: 'mounted' }
  /** One of the threads uses the volume. */
  | { readonly report: 'own use' }
  /** The kernel is to be told: a notification. */
  | { readonly report: 'notify'; readonly message: Uint8Array }
  | {
      readonly report: 'error';
      readonly callback: string;
      readonly path: string;
      readonly cause: unknown;
    }
  /** Every open has had its closeFile; the thread is about to end. */
  | { readonly report: 'closed' };

/** Why a thread is of no use: its module, a callback that threads cannot have, or the device. */
export type Refusal = 'module' | 'media' | 'device';
