import { MountError } from '../../errors.js';
import { mountsOf, readMountInfo, topmostAt, type MountInfo } from '../../mounts/mountinfo.js';
import type { ResolvedOptions } from '../../options.js';
import { settledWithin } from '../../settled_within.js';
import type { RequestTarget } from '../../target.js';
import type { FuseDevice } from '../addon.js';
import type { CloseReason, Host, HostedVolume, Notifications } from '../host.js';
import { canonicalPath, checkDevice, checkDirectory, checkHolder } from './mount_point.js';
import { mountDevice, takeAway, type MountedDevice } from './mounting.js';
import { FuseNotifications } from './notifications.js';
import { Session, type SessionEnd, type SessionOptions } from './session.js';

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
  session.start();
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
      await this.#takeAway();
    } else {
      this.#leaving ??= this.#leave().finally(() => (this.#leaving = undefined));
      await this.#leaving;
    }
  }

  /** The volume never became usable: nothing of it may stay. */
  async discard(): Promise<void> {
    if (await this.#isStillMounted()) await this.#mounted.unmount(true);
    this.#session.end('lost');
    await this.ended;
  }

  async #leave(): Promise<void> {
    const mounts = await readMountInfo();
    const places = this.#over ? [] : mountsOf(mounts, this.#device.deviceNumber);
    if (places.length > 0) {
      this.#checkReachable(mounts, places);
      const before = this.#asked;
      this.#asked = true;
      try {
        // Threads of its own do the work: the kernel may ask us for things until it is done.
        await this.#mounted.unmount(false);
      } catch (error) {
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
    this.#asked = true;
    if (await this.#isStillMounted()) {
      // What the kernel has not written yet it writes now, unless that takes for ever.
      const detaching = this.#mounted.unmount(true);
      await settledWithin(detaching, GENTLE);
      if (await this.#isStillMounted()) await detaching;
    }
    if (!this.#over) {
      this.#forced = true;
      this.#session.end('aborted');
    }
    await this.ended;
  }

  /**
   * Unmounting goes by path, and ends the volume only when no other path leads to it.
   * @throws MountError
   */
  #checkReachable(mounts: readonly MountInfo[], places: readonly MountInfo[]): void {
    const { mountPoint } = this;
    const elsewhere = places.find((place) => place.mountPoint !== mountPoint);
    if (elsewhere !== undefined) {
      throw new MountError({
        code: 'EBUSY',
        mountPoint,
        problem: `The volume is mounted at ${elsewhere.mountPoint} as well`,
        cure: 'Unmount it there first.',
      });
    }
    const top = topmostAt(mounts, mountPoint);
    if (top !== undefined && top.deviceNumber !== this.#device.deviceNumber) {
      throw new MountError({
        code: 'EBUSY',
        mountPoint,
        problem: `Something else was mounted on top of the volume (${top.type}, ${top.source})`,
        cure: 'Unmount that first.',
      });
    }
  }

  #conclude(end: SessionEnd): CloseReason {
    this.#over = true;
    // Closing ends the connection: whoever still waits for an answer gets ENOTCONN.
    this.#device.close();
    if (end === 'lost') return 'lost';
    // After umount -f the kernel says the same as after an ordinary unmount, which is not possible
    // while somebody waits for an answer.
    const isCut = end === 'aborted' || this.#session.isWaitedFor;
    if (isCut || this.#forced) return 'forced';
    return this.#asked ? 'unmounted' : 'ejected';
  }

  /** Another volume may have been mounted at the same place since. */
  async #isStillMounted(): Promise<boolean> {
    if (this.#over) return false;
    const { deviceNumber } = this.#device;
    const top = topmostAt(await readMountInfo(), this.mountPoint);
    return top !== undefined && top.deviceNumber === deviceNumber;
  }
}
