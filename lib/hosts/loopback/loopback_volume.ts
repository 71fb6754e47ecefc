import type { CloseReason, HostedVolume, Notifications } from '../host.js';
import type { Driver } from './driver.js';

/** One call of `volume.notify`. */
export interface Notification {
  readonly change: keyof Notifications;
  readonly path: string;
  /** Of a rename. */
  readonly newPath?: string;
  readonly isDirectory?: boolean;
}

/** A volume whose kernel is the model. */
export class LoopbackVolume implements HostedVolume {
  readonly mountPoint = 'loopback';
  readonly ended: Promise<CloseReason>;
  readonly notifications: Notification[] = [];
  readonly notify: Notifications;
  readonly #driver: Driver;
  #end!: (reason: CloseReason) => void;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    const note = (notification: Notification): boolean => {
      if (driver.isGone) return false;
      this.notifications.push(notification);
      return true;
    };
    this.notify = {
      created: (path, isDirectory) => note({ change: 'created', path, isDirectory }),
      deleted: (path, isDirectory) => note({ change: 'deleted', path, isDirectory }),
      updated: (path) => note({ change: 'updated', path }),
      renamed: (path, newPath, isDirectory) =>
        note({ change: 'renamed', path, newPath, isDirectory }),
    };
  }

  /** Dokan unmounts whatever is open. */
  unmount(): Promise<void> {
    if (!this.#driver.isGone) {
      const isInUse = this.#driver.pendingCount > 0;
      this.#driver.dismount();
      this.#end(isInUse ? 'forced' : 'unmounted');
    }
    return Promise.resolve();
  }
}
