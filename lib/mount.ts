import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { Dispatcher } from './dispatcher.js';
import { expected, MountError, OptionError, type CallbackError } from './errors.js';
import { fuseHost } from './hosts/fuse/fuse_host.js';
import { canonicalPath, checkHolder } from './hosts/fuse/mount_point.js';
import { takeAway, unmountPath } from './hosts/fuse/mounting.js';
import type { Host } from './hosts/host.js';
import { readMountInfo, topmostAt } from './mounts/mountinfo.js';
import type { DokanOperations } from './operations.js';
import { resolveOptions, type MountOptions } from './options.js';
import { unmountOnSignal } from './signals.js';
import { Volume, type UnmountOptions } from './volume.js';

/** Volumes of this process by mount point, so that `unmount` finds their own way out. */
const volumes = new Map<string, Volume>();

function hostFor(mountPoint: string): Host {
  if (process.platform === 'linux') return fuseHost;
  throw new MountError({
    code: 'ERR_UNSUPPORTED_PLATFORM',
    mountPoint,
    problem: `This version cannot mount on ${process.platform}`,
    cure: 'Use it on Linux.',
  });
}

function checkMountPoint(mountPoint: unknown): string {
  if (typeof mountPoint !== 'string' || mountPoint === '' || mountPoint.includes('\0')) {
    throw expected('mountPoint', 'a path', mountPoint);
  }
  return mountPoint;
}

function checkOperations(operations: unknown): void {
  if (typeof operations !== 'object' || operations === null) {
    throw expected('operations', 'an object with callbacks', operations);
  }
}

/**
 * Mounts a file system.
 *
 * @param mountPoint - an empty directory
 * @param operations - the callbacks; methods of a class instance are called on it
 * @returns the volume, usable at once
 * @throws OptionError for options that are wrong
 * @throws MountError when it cannot be mounted; nothing is left mounted then
 */
export async function mount<Context = unknown>(
  mountPoint: string,
  operations: DokanOperations<Context>,
  options?: MountOptions,
): Promise<Volume> {
  const place = checkMountPoint(mountPoint);
  checkOperations(operations);
  const resolved = resolveOptions(options);
  if (resolved.unmountOnSignal && !isMainThread) {
    throw new OptionError(
      'unmountOnSignal',
      "Option 'unmountOnSignal' does not work in a Worker: signals reach the main thread only",
    );
  }
  // Errors may come before there is a volume to tell of them.
  const early: CallbackError[] = [];
  let volume: Volume | undefined;
  const dispatcher = new Dispatcher(operations, {
    ...resolved,
    onError: (error) => (volume === undefined ? early.push(error) : volume.report(error)),
  });
  const hosted = await hostFor(place).mount(place, dispatcher, resolved);
  const created = new Volume(hosted, dispatcher);
  volumes.set(created.mountPoint, created);
  void created.closed.then(() => {
    if (volumes.get(created.mountPoint) === created) volumes.delete(created.mountPoint);
  });
  if (resolved.unmountOnSignal) unmountOnSignal(created);
  await dispatcher.mounted(created.mountPoint);
  // Whoever awaits the volume has the chance to listen first.
  setImmediate(() => {
    volume = created;
    for (const error of early) created.report(error);
  });
  return created;
}

/**
 * Unmounts a volume of this user, whichever process serves it.
 *
 * @param mountPoint - where it is mounted
 * @throws MountError EINVAL when nothing is mounted there; EBUSY when it is in use, or when it is no
 *   volume of this package; EPERM when it belongs to another user
 */
export async function unmount(mountPoint: string, options: UnmountOptions = {}): Promise<void> {
  const place = checkMountPoint(mountPoint);
  hostFor(place);
  const own = volumes.get(resolve(place)) ?? volumes.get(await canonicalPath(place));
  if (own !== undefined) return own.unmount(options);
  const path = await canonicalPath(place);
  const holder = topmostAt(await readMountInfo(), path);
  if (holder === undefined) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint: path,
      problem: 'Nothing is mounted there',
      cure: 'listMounts() names what is mounted.',
    });
  }
  checkHolder(holder);
  await (options.force === true ? takeAway(holder) : unmountPath(path, false));
}
