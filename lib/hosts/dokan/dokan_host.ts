import { setTimeout as delay } from 'node:timers/promises';
import { debuglog } from 'node:util';
import { MountError } from '../../errors.js';
import type { ResolvedOptions, ResolvedUnmountOptions } from '../../options.js';
import { settledWithin } from '../../settled_within.js';
import { NtStatus } from '../../status.js';
import type { RequestTarget } from '../../target.js';
import type { CloseReason, Host, HostedVolume, Notifications } from '../host.js';
import { loadWindowsAddon } from './addon.js';
import { listenToDriver } from './driver_logs.js';
import { mountFailure } from './mount_failure.js';
import { holderOf, takeAway, unmountDokan } from './mount_list.js';
import { nativeMountOptions } from './mount_options.js';
import { checkFolder, isDrive, normalMountPoint, toldMountPoint } from './mount_point.js';
import type { NativeDokanError, NativeMountPoint } from './native.js';
import { DokanNotifications } from './notifications.js';
import { describeHolder } from './ownership.js';
import { Presence } from './presence.js';
import { Session } from './session.js';

/** How long force is gentle first, in milliseconds. */
const GENTLE = 2_000;

/** How long callbacks that were told to stop may take, in milliseconds. */
const STOPPING = 2_000;

/** How often to try to close where the system gives no thread, and after how many milliseconds. */
const CLOSE_TRIES = 50;
const CLOSE_AGAIN = 100;

/** How often to look for a volume's name in the list, and after how many milliseconds. */
const LOOKS = 10;
const LOOK_AGAIN = 50;

const log = debuglog('node-dokan');

/** Mounts volumes on Windows. */
export const dokanHost: Host = {
  async mount(
    mountPoint: string,
    target: RequestTarget,
    options: ResolvedOptions,
  ): Promise<HostedVolume> {
    const place = normalMountPoint(mountPoint);
    const native = nativeMountOptions(place, options);
    const addon = loadWindowsAddon();
    await makeRoom(place, options);
    if (!isDrive(place)) await checkFolder(place);
    const { altStreams, caseSensitive, writeProtect } = options;
    const time = BigInt(Date.now()) * 1_000_000n;
    const session = new Session(
      target,
      { altStreams, caseSensitive, writeProtect, time },
      (onRequests, onClosed, onSlowTransfers) =>
        new addon.DokanVolume(onRequests, onClosed, onSlowTransfers),
    );
    // Lines come while it is being mounted, too.
    const logs = options.driverLogs ? new DriverLog() : undefined;
    try {
      const assigned = await session.native.mount(native);
      return new DokanVolume(session, toldMountPoint(assigned), options.libraryPath, logs);
    } catch (error) {
      logs?.close();
      throw await explain(place, options, error);
    }
  },

  spelling(mountPoint: string): Promise<string> {
    return Promise.resolve(normalMountPoint(mountPoint));
  },

  async unmount(mountPoint: string, options: ResolvedUnmountOptions): Promise<void> {
    // Dokan knows no other way than by force.
    await unmountDokan(mountPoint, options);
  },
};

/**
 * With `forceUnmount`, a volume that holds the mount point must go. With `mountManager` the driver
 * would replace one of the same user without a word: nobody's volume goes unless that was asked for.
 */
async function makeRoom(place: string, options: ResolvedOptions): Promise<void> {
  if (!options.forceUnmount && !options.mountManager) return;
  const holder = await holderOf(place, options.libraryPath);
  if (holder === undefined) return;
  if (!options.forceUnmount) throw occupied(place, holder);
  await takeAway(place, holder, options);
}

function occupied(place: string, holder: NativeMountPoint, cause?: unknown): MountError {
  return new MountError({
    code: 'EBUSY',
    mountPoint: place,
    problem: `A Dokan volume is mounted there already (${describeHolder(holder)})`,
    cure: "Unmount it first, or set the option 'forceUnmount'.",
    cause,
  });
}

/** Why the volume was not mounted; who holds the mount point is worth knowing. */
async function explain(
  place: string,
  { libraryPath }: ResolvedOptions,
  error: unknown,
): Promise<unknown> {
  const failure = mountFailure(place, error);
  if (!(failure instanceof MountError) || failure.code !== 'EBUSY') return failure;
  try {
    const holder = await holderOf(place, libraryPath);
    return holder === undefined ? failure : occupied(place, holder, error);
  } catch {
    return failure;
  }
}

class DokanVolume implements HostedVolume {
  readonly mountPoint: string;
  readonly ended: Promise<CloseReason>;
  readonly notify: Notifications;
  readonly #session: Session;
  readonly #logs: DriverLog | undefined;
  readonly #presence: Presence;
  /** A look at the list, which finds its name there. */
  #looked: Promise<unknown>;
  #reason: CloseReason | undefined = undefined;
  /** DokanCloseHandle, which everything waits for. */
  #closing: Promise<void> | undefined = undefined;
  #tellEnded!: (reason: CloseReason) => void;

  constructor(
    session: Session,
    mountPoint: string,
    libraryPath: string | undefined,
    logs: DriverLog | undefined,
  ) {
    this.#session = session;
    this.#logs = logs;
    this.mountPoint = mountPoint;
    this.notify = new DokanNotifications(session.native, mountPoint);
    this.ended = new Promise((resolve) => (this.#tellEnded = resolve));
    void session.closed.then(() => this.#gone());
    this.#presence = new Presence(
      mountPoint,
      libraryPath,
      () => session.workCount > 0,
      () => void this.#gone(),
    );
    this.#looked = this.#presence.isThere();
    session.whenWaiting = () => this.#presence.watch();
    if (session.workCount > 0) this.#presence.watch();
  }

  async identify(): Promise<string | undefined> {
    // The mount manager may take its time.
    for (let looks = 1; ; looks += 1) {
      await this.#looked;
      const { deviceName } = this.#presence;
      if (deviceName !== undefined || looks === LOOKS) return deviceName;
      await delay(LOOK_AGAIN);
      this.#looked = this.#presence.isThere();
    }
  }

  mediaChanged(): void {
    // The driver keeps nothing of files; it is programs that show the root which look again.
    this.notify.updated('/');
  }

  /** Dokan has no gentle way: what is open fails. Requests that are being answered are waited for. */
  async unmount(force: boolean): Promise<void> {
    this.#reason ??= 'unmounted';
    const closing = this.#close();
    if (force && (await settledWithin(closing, GENTLE)) === 'late') {
      const { workCount } = this.#session;
      if (workCount > 0) this.#reason = 'forced';
      log('%s is unmounted by force: %d at work', this.mountPoint, workCount);
      await this.#stopCallbacks(closing);
    }
    await this.ended;
  }

  onDriverLog(listener: (line: string) => void): void {
    this.#logs?.listen(listener);
  }

  /** Somebody has unmounted it, and be it ourselves. */
  async #gone(): Promise<void> {
    // Callbacks of a volume that we unmount ourselves may finish what they are doing.
    const isOurs = this.#reason !== undefined;
    log('%s is gone: %d at work', this.mountPoint, this.#session.workCount);
    this.#reason ??= 'ejected';
    const closing = this.#close();
    // The driver has failed all requests: nobody waits for the answers, only Dokan's threads do.
    if (!isOurs) await this.#stopCallbacks(closing);
  }

  async #stopCallbacks(closing: Promise<void>): Promise<void> {
    this.#session.interruptAll();
    while ((await settledWithin(closing, STOPPING)) === 'late') {
      this.#session.abandonAll(NtStatus.DEVICE_REMOVED);
    }
  }

  #close(): Promise<void> {
    return (this.#closing ??= this.#release());
  }

  /** Without a thread for it now, there may be one later; a drive that stays would be worse. */
  async #closeHandle(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#session.native.close();
      } catch (error) {
        if ((error as NativeDokanError).code !== 'EAGAIN' || tries === CLOSE_TRIES) throw error;
      }
      await delay(CLOSE_AGAIN);
    }
  }

  async #release(): Promise<void> {
    let reason: CloseReason | undefined;
    try {
      await this.#closeHandle();
    } catch (error) {
      reason = 'lost';
      process.emitWarning(error instanceof Error ? error : new Error(String(error)));
    }
    this.#logs?.close();
    this.#presence.stop();
    this.#tellEnded(reason ?? this.#reason ?? 'unmounted');
  }
}

/** Lines of the driver, kept until somebody listens. */
class DriverLog {
  readonly #end: () => void;
  #early: string[] = [];
  #listener: ((line: string) => void) | undefined = undefined;

  constructor() {
    this.#end = listenToDriver((line) => {
      if (this.#listener === undefined) this.#early.push(line);
      else this.#listener(line);
    });
  }

  listen(listener: (line: string) => void): void {
    this.#listener = listener;
    for (const line of this.#early.splice(0)) listener(line);
  }

  close(): void {
    this.#end();
  }
}
