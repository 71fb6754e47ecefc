import { EventEmitter } from 'node:events';
import type { CallbackStatistics } from './dispatcher.js';
import type { CallbackError, ThreadError } from './errors.js';
import type { CloseReason, HostedVolume, Notifications } from './hosts/host.js';
import type { DokanOperations } from './operations.js';
import { resolveUnmountOptions, type UnmountOptions } from './options.js';
import { NtStatus } from './status.js';
import type { VolumeBooks } from './volume_books.js';

/** How a volume ended. */
export interface Closed {
  readonly reason: CloseReason;
}

interface VolumeEvents {
  /**
   * A callback failed in a way that is a programming error; its request failed with INTERNAL_ERROR.
   * With the option `threads`: or a thread has died, and is replaced.
   */
  error: [error: CallbackError | ThreadError];
  /** Windows, with the option `driverLogs`: a line of Dokan's driver, which does not say which volume it is about. */
  driverLog: [line: string];
}

/**
 * One mounted file system.
 *
 * 'error' events tell of programming errors in callbacks. Unlike other emitters a volume does not
 * throw when nobody listens: it warns, and the process lives.
 */
export class Volume extends EventEmitter<VolumeEvents> implements AsyncDisposable {
  /** What the system really assigned. */
  readonly mountPoint: string;
  /** Fulfilled when the volume is gone and every open has had its cleanup and closeFile. */
  readonly closed: Promise<Closed>;
  /** Tells the kernel of changes that did not come through the mount. */
  readonly notify: Notifications;
  readonly #hosted: HostedVolume;
  readonly #books: VolumeBooks;

  /** Made by `mount`. */
  constructor(hosted: HostedVolume, books: VolumeBooks) {
    super();
    this.#hosted = hosted;
    this.#books = books;
    this.mountPoint = hosted.mountPoint;
    this.notify = hosted.notify;
    books.onMediaChange((state) => hosted.mediaChanged?.(state));
    // Whoever awaits the volume has the chance to listen first.
    setImmediate(() => hosted.onDriverLog?.((line) => this.#tell(line)));
    this.closed = hosted.ended.then(async (reason) => {
      await books.shutdown(NtStatus.VOLUME_DISMOUNTED);
      return { reason };
    });
  }

  /**
   * Unmounts and waits until the volume is gone, which takes as long as somebody still holds on to
   * it (a mount namespace with a copy of it); with `force` it does not wait for that. A volume that is
   * gone already is no error. On Windows nothing keeps a volume from going: what is open there fails,
   * and `force` only ends the wait for callbacks.
   * @throws OptionError for options that are wrong
   * @throws MountError EBUSY when a program still has files open there after `timeout` milliseconds (its
   *   `processes` says which), or when it is mounted elsewhere as well, and `force` is not set; EBUSY
   *   also when something else was mounted on top of it
   */
  async unmount(options?: UnmountOptions): Promise<void> {
    const { force, timeout } = resolveUnmountOptions(options);
    await this.#hosted.unmount(force, timeout);
    await this.closed;
  }

  /** How often each callback was called, failed, and took too long. */
  statistics(): Partial<Record<keyof DokanOperations, CallbackStatistics>> {
    return this.#books.statistics();
  }

  /** Opens that have not had their closeFile. */
  get openCount(): number {
    return this.#books.openCount;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
  }

  #tell(line: string): void {
    try {
      this.emit('driverLog', line);
    } catch (thrown) {
      process.emitWarning(new Error("A listener of 'driverLog' failed", { cause: thrown }));
    }
  }

  /** Hands a programming error to whoever listens. */
  report(error: CallbackError | ThreadError): void {
    try {
      this.emit('error', error);
    } catch (thrown) {
      // Nobody listens, or the listener made a mistake, which must not reach the request that is
      // being answered. What it threw may be anything, and is not looked at.
      process.emitWarning(
        thrown === error ? error : new Error("A listener of 'error' failed", { cause: thrown }),
      );
    }
  }
}
