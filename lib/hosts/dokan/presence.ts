import { dokanMounts } from './mount_list.js';
import { isSamePlace, toldMountPoint } from './mount_point.js';
import type { NativeMountPoint } from './native.js';

/** How often to look, in milliseconds. */
const LOOK = 1_000;

/** Looks that must have found nothing. */
const MISSES = 2;

/**
 * Notices that a volume has gone. Dokan tells so by a thread that waits for the next request, and
 * when all of them wait for callbacks that do not come back, or for real files that hang, there is
 * none. So while there is such work, the driver's list is looked at now and then.
 */
export class Presence {
  readonly #mountPoint: string;
  readonly #libraryPath: string | undefined;
  readonly #isAsked: () => boolean;
  readonly #whenGone: () => void;
  /** As the list has it; only a volume that was there can have gone. */
  #deviceName: string | undefined = undefined;
  #misses = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isOver = false;

  /**
   * @param isAsked - whether callbacks or transfers are still outstanding
   * @param whenGone - called once at most
   */
  constructor(
    mountPoint: string,
    libraryPath: string | undefined,
    isAsked: () => boolean,
    whenGone: () => void,
  ) {
    this.#mountPoint = mountPoint;
    this.#libraryPath = libraryPath;
    this.#isAsked = isAsked;
    this.#whenGone = whenGone;
  }

  /** The driver's name of the volume, once it has been in the list. */
  get deviceName(): string | undefined {
    return this.#deviceName;
  }

  /** Looks for the volume as long as work is outstanding. */
  watch(): void {
    if (this.#isOver || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#look(), LOOK);
    this.#timer.unref();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isAsked()) {
      const isThere = await this.isThere();
      if (!isThere && this.#misses >= MISSES && !this.#isOver) {
        this.stop();
        this.#whenGone();
        return;
      }
    }
    this.#timer = undefined;
    if (this.#isAsked()) this.watch();
  }

  /** @returns true as well when it cannot be told */
  async isThere(): Promise<boolean> {
    let mounts: NativeMountPoint[];
    try {
      mounts = await dokanMounts(this.#libraryPath);
    } catch {
      return true;
    }
    const mount = mounts.find(({ deviceName, mountPoint }) =>
      this.#deviceName === undefined
        ? isSamePlace(toldMountPoint(mountPoint), this.#mountPoint)
        : deviceName === this.#deviceName,
    );
    this.#deviceName ??= mount?.deviceName;
    this.#misses = mount === undefined ? this.#misses + 1 : 0;
    return mount !== undefined || this.#deviceName === undefined;
  }
}
