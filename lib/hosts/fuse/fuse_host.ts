import { MountError } from '../../errors.js';
import { mountsOf, readMountInfo, topmostAt, type MountInfo } from '../../mounts/mountinfo.js';
import type { ResolvedOptions, UnmountOptions } from '../../options.js';
import { settledWithin } from '../../settled_within.js';
import type { RequestTarget } from '../../target.js';
import { loadLinuxAddon, type FuseDevice } from '../addon.js';
import type { CloseReason, Host, HostedVolume, Notifications } from '../host.js';
import { canonicalPath, checkDevice, checkDirectory, checkHolder } from './mount_point.js';
import { mountDevice, takeAway, unmountPath, type MountedDevice } from './mounting.js';
import { FuseNotifications } from './notifications.js';
import { Session, type SessionEnd, type SessionOptions } from './session.js';
import { unmountFuse } from './unmount.js';

/** Places this process is about to mount at: between the look and the mount nobody else may come. */
const claimed = new Set<string>();

/** How long force is gentle first, in milliseconds. */
const GENTLE = 2_000;

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

  spelling: canonicalPath,

  async unmount(mountPoint: string, options: UnmountOptions): Promise<void> {
    await unmountFuse(mountPoint, options.force === true);
  },
};

async function mountAt(
  path: string,
  target: RequestTarget,
  options: ResolvedOptions,
): Promise<HostedVolume> {
  await makeRoom(path, options.forceUnmount);
  await checkDirectory(path, options.nonEmpty);
  const mounted = await mountDevice(path, options);
  const session = new Session(target, mounted.device, sessionOptions(target, options));
  const volume = new FuseVolume(mounted, session);
  try {
    session.start();
  } catch (error) {
    await volume.discard();
    throw error;
  }
  await session.ready;
  if (session.flags === 0) {
    await volume.discard();
    throw new MountError({
      code: 'EPROTO',
      mountPoint: path,
      problem: 'The kernel ended the connection before the volume was ready',
      cure: 'Linux 3.15 or later is needed; see dmesg for what the kernel says.',
    });
  }
  return volume;
}

/** What is mounted there already must go, or the new volume does not come. */
async function makeRoom(path: string, force: boolean): Promise<void> {
  for (;;) {
    const holder = topmostAt(await readMountInfo(), path);
    if (holder === undefined) return;
    checkHolder(holder);
    if (!force) throw occupied(path);
    // Below it there may be another one, left by a process that had died before.
    await takeAway(holder);
  }
}

function occupied(mountPoint: string): MountError {
  return new MountError({
    code: 'EBUSY',
    mountPoint,
    problem: 'A volume of node-dokan is mounted there already',
    cure: "Unmount it first, or set the option 'forceUnmount'.",
  });
}

function sessionOptions(target: RequestTarget, options: ResolvedOptions): SessionOptions {
  return {
    entryTimeout: options.entryTimeout,
    attributeTimeout: options.attributeTimeout,
    negativeTimeout: options.negativeTimeout,
    keepCache: options.keepCache,
    directIo: options.directIo,
    writebackCache: options.writebackCache,
    altStreams: options.altStreams,
    userModeLock: options.userModeLock,
    pollTime: options.pollTime,
    defaults: {
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      time: BigInt(Date.now()) * 1_000_000n,
      blockSize: options.allocationUnitSize,
      symbolicLinks: target.supports('readLink'),
    },
  };
}

class FuseVolume implements HostedVolume {
  readonly mountPoint: string;
  readonly ended: Promise<CloseReason>;
  readonly notify: Notifications;
  readonly #mounted: MountedDevice;
  readonly #device: FuseDevice;
  readonly #session: Session;
  #asked = false;
  #forced = false;
  #over = false;
  /** The unmount that is under way; whoever asks meanwhile shares it. */
  #leaving: Promise<void> | undefined = undefined;
  /** The same by force. */
  #takingAway: Promise<void> | undefined = undefined;

  constructor(mounted: MountedDevice, session: Session) {
    this.#mounted = mounted;
    this.#device = mounted.device;
    this.#session = session;
    this.mountPoint = mounted.device.mountPoint;
    this.notify = new FuseNotifications(session);
    this.ended = session.ended.then((end) => this.#conclude(end));
  }

  async unmount(force: boolean): Promise<void> {
    if (force) {
      this.#takingAway ??= this.#takeAway().finally(() => (this.#takingAway = undefined));
      await this.#takingAway;
    } else {
      this.#leaving ??= this.#leave().finally(() => (this.#leaving = undefined));
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

  async #leave(): Promise<void> {
    const { mounts, places } = await this.#places();
    if (places.length > 0) {
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
        // Threads of its own do the work: the kernel may ask us for things until it is done.
        await this.#mounted.unmount(false);
      } catch (error) {
        // Force opens the volume to have it written, which makes it busy for who is gentle meanwhile.
        if (this.#takingAway !== undefined) return this.#takingAway;
        // Somebody else may have been faster.
        if (await this.#isStillMounted()) {
          this.#asked = before;
          throw error;
        }
      }
    }
    await this.ended;
  }

  async #takeAway(): Promise<void> {
    const before = this.#asked;
    this.#asked = true;
    if (await this.#isStillMounted()) {
      // What the kernel has not written yet it writes now, unless that takes for ever. A volume in
      // use would only be detached by unmounting, and its dirty pages lost when the connection ends.
      const begun = performance.now();
      await settledWithin(this.#write(), GENTLE);
      const detaching = this.#mounted.unmount(true);
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
    for (const { mountPoint } of places) {
      if (mountPoint !== this.mountPoint)
        await settledWithin(unmountPath(mountPoint, true), GENTLE);
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
    return { mounts, places: mountsOf(mounts, this.#device.deviceNumber) };
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
    if (end !== 'unmounted' && !this.#asked && (await this.#isStillMounted())) {
      await settledWithin(this.#mounted.unmount(true), GENTLE);
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
    return top !== undefined && top.deviceNumber === deviceNumber;
  }
}

function describe({ type, source }: MountInfo): string {
  return `something else is mounted (${type}, ${source})`;
}
