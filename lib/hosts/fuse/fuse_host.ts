import { MountError } from '../../errors.js';
import { readMountInfo, topmostAt } from '../../mounts/mountinfo.js';
import type { ResolvedOptions } from '../../options.js';
import type { RequestTarget } from '../../target.js';
import type { FuseDevice } from '../addon.js';
import type { CloseReason, Host, HostedVolume, Notifications } from '../host.js';
import { canonicalPath, checkDevice, checkDirectory, checkHolder } from './mount_point.js';
import { mountDevice, unmountPath, type MountedDevice } from './mounting.js';
import { FuseNotifications } from './notifications.js';
import { Session, type SessionEnd, type SessionOptions } from './session.js';

/** Mounts volumes on Linux. */
export const fuseHost: Host = {
  async mount(
    mountPoint: string,
    target: RequestTarget,
    options: ResolvedOptions,
  ): Promise<HostedVolume> {
    await checkDevice(mountPoint);
    const path = await canonicalPath(mountPoint);
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
        mountPoint,
        problem: 'The kernel ended the connection before the volume was ready',
        cure: 'Linux 3.15 or later is needed; see dmesg for what the kernel says.',
      });
    }
    return volume;
  },
};

/** What is mounted there already must go, or the new volume does not come. */
async function makeRoom(path: string, force: boolean): Promise<void> {
  const holder = topmostAt(await readMountInfo(), path);
  if (holder === undefined) return;
  checkHolder(holder);
  if (!force) {
    throw new MountError({
      code: 'EBUSY',
      mountPoint: path,
      problem: 'A volume of node-dokan is mounted there already',
      cure: "Unmount it first, or set the option 'forceUnmount'.",
    });
  }
  await unmountPath(path, true);
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

  constructor(mounted: MountedDevice, session: Session) {
    this.#mounted = mounted;
    this.#device = mounted.device;
    this.#session = session;
    this.mountPoint = mounted.device.mountPoint;
    this.notify = new FuseNotifications(session);
    this.ended = session.ended.then((end) => this.#conclude(end));
  }

  async unmount(force: boolean): Promise<void> {
    // Threads of its own do the work: the kernel may ask us for things until it is done.
    if (await this.#isStillMounted()) {
      const before = this.#asked;
      this.#asked = true;
      try {
        await this.#mounted.unmount(force);
      } catch (error) {
        // Somebody else may have been faster.
        if (await this.#isStillMounted()) {
          this.#asked = before;
          throw error;
        }
      }
    }
    if (force) {
      this.#forced = true;
      this.#session.end('aborted');
    }
    await this.ended;
  }

  /** The volume never became usable: nothing of it may stay. */
  async discard(): Promise<void> {
    if (await this.#isStillMounted()) await this.#mounted.unmount(true);
    this.#session.end('lost');
    await this.ended;
  }

  #conclude(end: SessionEnd): CloseReason {
    // Closing ends the connection: whoever still waits for an answer gets ENOTCONN.
    this.#device.close();
    if (end === 'lost') return 'lost';
    if (end === 'aborted' || this.#forced) return 'forced';
    return this.#asked ? 'unmounted' : 'ejected';
  }

  /** Another volume may have been mounted at the same place since. */
  async #isStillMounted(): Promise<boolean> {
    const { deviceNumber } = this.#device;
    const top = topmostAt(await readMountInfo(), this.mountPoint);
    return top !== undefined && top.deviceNumber === deviceNumber;
  }
}
