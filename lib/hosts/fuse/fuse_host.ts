import { MountError, OptionError, type CallbackError, type ThreadError } from '../../errors.js';
import { moduleError } from '../../file_system_module.js';
import { mountsOf, readMountInfo, topmostAt, type MountInfo } from '../../mounts/mountinfo.js';
import type { MediaState } from '../../operations.js';
import type { ResolvedOptions } from '../../options.js';
import { settledWithin } from '../../settled_within.js';
import type { RequestTarget } from '../../target.js';
import { loadLinuxAddon, type FuseDevice } from '../addon.js';
import type { CloseReason, Host, HostedVolume, ThreadedVolume } from '../host.js';
import { warnOfOwnUse } from '../own_use.js';
import { forgetMedium } from './media.js';
import { canonicalPath, checkDevice } from './mount_point.js';
import type { MountedDevice } from './mounting.js';
import { FuseNotifications, type Notified } from './notifications.js';
import { OwnUse } from './own_use.js';
import { mountInPlace, occupied } from './place.js';
import { Session, type SessionEnd } from './session.js';
import { sessionOptions } from './session_options.js';
import { GENTLE } from './taking_away.js';
import { ThreadPool } from './threads/thread_pool.js';
import { ThreadFailure } from './threads/worker_handle.js';
import { unmountFuse } from './unmount.js';
import { inUse, isBusy, persist, unmountPath } from './unmounting.js';

/** Places this process is about to mount at: between the look and the mount nobody else may come. */
const claimed = new Set<string>();

/** Mounts volumes on Linux. */
export const fuseHost: Host = {
  async mount(
    mountPoint: string,
    target: RequestTarget,
    options: ResolvedOptions,
  ): Promise<HostedVolume> {
    await checkDevice(mountPoint);
    const path = await canonicalPath(mountPoint);
    if (claimed.has(path)) throw occupied(path);
    claimed.add(path);
    try {
      return await mountAt(path, target, options);
    } finally {
      claimed.delete(path);
    }
  },

  async mountThreads(
    mountPoint: string,
    module: string,
    options: ResolvedOptions,
    tell: (error: CallbackError | ThreadError) => void,
  ): Promise<ThreadedVolume> {
    await checkDevice(mountPoint);
    const path = await canonicalPath(mountPoint);
    if (claimed.has(path)) throw occupied(path);
    claimed.add(path);
    try {
      return await mountThreadsAt(path, module, options, tell);
    } finally {
      claimed.delete(path);
    }
  },

  spelling: canonicalPath,

  unmount: unmountFuse,
};

async function mountAt(
  path: string,
  target: RequestTarget,
  options: ResolvedOptions,
): Promise<HostedVolume> {
  refuseMedia(target, options);
  const mounted = await mountInPlace(path, options);
  const session = new Session(target, mounted.device, sessionOptions(target, options, Date.now()));
  const volume = new FuseVolume(mounted, session);
  try {
    session.start();
  } catch (error) {
    await volume.discard();
    throw error;
  }
  await session.ready;
  if (session.flags === 0) {
    throw await endedEarly(volume, mounted, session);
  }
  session.ownUse = new OwnUse(() => warnOfOwnUse(volume.mountPoint));
  return volume;
}

/** Which medium a file is on is found out when it is opened. */
function refuseMedia(target: RequestTarget, options: ResolvedOptions): void {
  if (!target.supports('checkMedia')) return;
  for (const option of ['noOpen', 'noOpendir'] as const) {
    if (!options[option]) continue;
    const problem = `Option '${option}' does not work with the callback 'checkMedia'`;
    throw new OptionError(option, `${problem}: the medium of a file is that of its open`);
  }
}

async function mountThreadsAt(
  path: string,
  module: string,
  options: ResolvedOptions,
  tell: (error: CallbackError | ThreadError) => void,
): Promise<ThreadedVolume> {
  let pool: ThreadPool | undefined;
  let volume: FuseVolume | undefined;
  try {
    // First, so that there is nothing to take back where they cannot be used.
    pool = await ThreadPool.start(module, options, tell);
    const mounted = await mountInPlace(path, options);
    volume = new FuseVolume(mounted, pool);
    if (await pool.serve(mounted.device)) return { hosted: volume, books: pool };
    throw await endedEarly(volume, mounted, pool);
  } catch (error) {
    await volume?.discard();
    await pool?.dispose();
    throw error instanceof ThreadFailure ? threadFailure(path, module, error) : error;
  }
}

/** The error for a volume that never became usable, of which nothing is left then. */
async function endedEarly(
  volume: FuseVolume,
  mounted: MountedDevice,
  { ended }: Served,
): Promise<MountError> {
  // Who takes it away by force cuts the connection first, which looks like an unmount so early.
  const end = await Promise.race([ended, Promise.resolve(undefined)]);
  const isTaken = end === 'unmounted' || !mounted.device.isMounted();
  const path = volume.mountPoint;
  await volume.discard();
  if (isTaken) return takenAway(path);
  return new MountError({
    code: 'EPROTO',
    mountPoint: path,
    problem: 'The kernel ended the connection before the volume was ready',
    cure: 'Linux 3.15 or later is needed; see dmesg for what the kernel says.',
  });
}

function threadFailure(mountPoint: string, module: string, failure: ThreadFailure): Error {
  const { refusal, cause, message } = failure;
  if (refusal === 'media') {
    const problem = "Option 'threads' does not work with the callback 'checkMedia'";
    return new OptionError('threads', `${problem}: each thread would know another medium`);
  }
  if (refusal !== 'device') return moduleError(mountPoint, module, cause ?? failure);
  return new MountError({
    code: (cause as NodeJS.ErrnoException).code ?? 'EIO',
    mountPoint,
    problem: `A thread cannot serve the volume (${message})`,
    cure: "Without option 'threads' one thread serves it.",
    cause,
  });
}

function takenAway(mountPoint: string): MountError {
  return new MountError({
    code: 'EBUSY',
    mountPoint,
    problem: 'The volume was taken away by another process while it was being mounted',
    cure: 'Let only one process at a time mount there.',
  });
}

/** What serves a volume: a session, or several threads that have one each. */
type Served = Notified & Pick<Session, 'ended' | 'end' | 'isWaitedFor' | 'written' | 'ownUse'>;

class FuseVolume implements HostedVolume {
  readonly mountPoint: string;
  readonly ended: Promise<CloseReason>;
  readonly notify: FuseNotifications;
  readonly #mounted: MountedDevice;
  readonly #device: FuseDevice;
  readonly #session: Served;
  #asked = false;
  #forced = false;
  #over = false;
  /** The unmount that is under way; whoever asks meanwhile shares it. */
  #leaving: Promise<void> | undefined = undefined;
  /** The same by force. */
  #takingAway: Promise<void> | undefined = undefined;

  constructor(mounted: MountedDevice, session: Served) {
    this.#mounted = mounted;
    this.#device = mounted.device;
    this.#session = session;
    this.mountPoint = mounted.device.mountPoint;
    this.notify = new FuseNotifications(session);
    this.ended = session.ended.then((end) => this.#conclude(end));
  }

  mediaChanged(state: MediaState): void {
    // Volumes of several threads have no removable media.
    if (this.#session instanceof Session) forgetMedium(this.#session, this.notify, state);
  }

  async unmount(force: boolean, timeout = 0): Promise<void> {
    this.#session.ownUse?.stop();
    if (force) {
      this.#takingAway ??= this.#takeAway(timeout).finally(() => (this.#takingAway = undefined));
      await this.#takingAway;
    } else {
      this.#leaving ??= this.#leave(timeout).finally(() => (this.#leaving = undefined));
      await this.#leaving;
    }
  }

  identify(): Promise<string | undefined> {
    const { deviceNumber } = this.#device;
    return Promise.resolve(deviceNumber === '' ? undefined : deviceNumber);
  }

  /** The volume never became usable: nothing of it may stay. */
  async discard(): Promise<void> {
    this.#session.end('lost');
    await this.ended;
  }

  async #leave(timeout: number): Promise<void> {
    const { mounts, places } = await this.#places();
    const [place] = places;
    if (place !== undefined) {
      const cover = this.#coverIn(mounts);
      if (cover !== undefined) {
        throw this.#busy(
          `In its place ${describe(cover)}, on top of the volume`,
          'Unmount that first.',
        );
      }
      const elsewhere = places.find(({ mountPoint }) => mountPoint !== this.mountPoint);
      if (elsewhere !== undefined) {
        const problem = `The volume is mounted at ${elsewhere.mountPoint} as well`;
        throw this.#busy(problem, 'Unmount it there first.');
      }
      const before = this.#asked;
      this.#asked = true;
      try {
        await persist(() => this.#takingAway ?? this.#unmountGently(), timeout);
      } catch (error) {
        // Force opens the volume to have it written, which makes it busy for who is gentle meanwhile.
        if (this.#takingAway !== undefined) return this.#takingAway;
        // Somebody else may have been faster.
        if (await this.#isStillMounted()) {
          this.#asked = before;
          throw isBusy(error) ? await inUse(place, error) : error;
        }
      }
    }
    await this.ended;
  }

  /** Threads of its own do the work: the kernel may ask us for things until it is done. */
  async #unmountGently(): Promise<void> {
    await this.#mounted.unmount(() => this.#isStillMounted());
  }

  async #takeAway(timeout: number): Promise<void> {
    const before = this.#asked;
    this.#asked = true;
    if (timeout > 0) {
      const gently = persist(() => this.#unmountGently(), timeout);
      await settledWithin(gently, timeout);
    }
    if (await this.#isStillMounted()) {
      // What the kernel has not written yet it writes now, unless that takes for ever. A volume in
      // use would only be detached by unmounting, and its dirty pages lost when the connection ends.
      const begun = performance.now();
      await settledWithin(this.#write(), GENTLE);
      // Somebody else may have taken it away meanwhile, and mounted another one.
      const detaching = (await this.#isStillMounted()) ? this.#mounted.detach() : Promise.resolve();
      await settledWithin(detaching, Math.max(0, GENTLE - (performance.now() - begun)));
      if (await this.#isStillMounted()) {
        try {
          await detaching;
        } catch (error) {
          this.#asked = before;
          throw error;
        }
      }
    }
    // Still there are bind mounts, which would answer nothing any more, and what lies under a cover.
    const { mounts, places } = await this.#places();
    for (const place of places) {
      if (place.mountPoint !== this.mountPoint) await settledWithin(detachIfOnTop(place), GENTLE);
    }
    if (!this.#over) {
      this.#forced = true;
      this.#session.end('aborted');
    }
    await this.ended;
    const cover = this.#coverIn(mounts);
    if (cover !== undefined && places.some(({ mountPoint }) => mountPoint === this.mountPoint)) {
      const problem = `The volume has ended, but ${describe(cover)} on top of it`;
      throw this.#busy(problem, 'Unmount that, and then what is left of the volume.');
    }
  }

  async #write(): Promise<void> {
    await loadLinuxAddon().syncFileSystem(this.mountPoint);
    await this.#session.written();
  }

  /** What leads to the volume, by the kernel's list of now. */
  async #places(): Promise<{ mounts: MountInfo[]; places: MountInfo[] }> {
    if (this.#over) return { mounts: [], places: [] };
    const mounts = await readMountInfo();
    const places = mountsOf(mounts, this.#device.deviceNumber);
    // Asked last: while it is mounted nobody else has its number.
    return { mounts, places: this.#device.isMounted() ? places : [] };
  }

  /** Unmounting goes by path, and so would hit what is mounted on top. */
  #coverIn(mounts: readonly MountInfo[]): MountInfo | undefined {
    const top = topmostAt(mounts, this.mountPoint);
    return top?.deviceNumber === this.#device.deviceNumber ? undefined : top;
  }

  #busy(problem: string, cure: string): MountError {
    return new MountError({ code: 'EBUSY', mountPoint: this.mountPoint, problem, cure });
  }

  async #conclude(end: SessionEnd): Promise<CloseReason> {
    // After umount -f the kernel says the same as after an ordinary unmount, but that is not possible
    // while somebody waits for an answer.
    const wasWaitedFor = this.#session.isWaitedFor;
    // Somebody cut the connection, and the mount is still there: it would answer nothing.
    if (end !== 'unmounted' && this.#takingAway === undefined && (await this.#isStillMounted())) {
      await settledWithin(this.#mounted.detach(), GENTLE);
    }
    this.#over = true;
    // Closing ends the connection: whoever still waits for an answer gets ENOTCONN.
    this.#device.close();
    if (end === 'lost') return 'lost';
    if (end === 'aborted' || this.#forced) return 'forced';
    if (this.#asked) return 'unmounted';
    return wasWaitedFor ? 'forced' : 'ejected';
  }

  /** Another volume may have been mounted at the same place since. */
  async #isStillMounted(): Promise<boolean> {
    if (this.#over) return false;
    const { deviceNumber } = this.#device;
    const top = topmostAt(await readMountInfo(), this.mountPoint);
    return top?.deviceNumber === deviceNumber && this.#device.isMounted();
  }
}

/** What was mounted on top of it stays, and it below that. */
async function detachIfOnTop({ id, mountPoint }: MountInfo): Promise<void> {
  const top = topmostAt(await readMountInfo(), mountPoint);
  if (top?.id === id) await unmountPath(mountPoint, true);
}

function describe({ type, source }: MountInfo): string {
  return `something else is mounted (${type}, ${source})`;
}
