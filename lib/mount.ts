import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { Dispatcher } from './dispatcher.js';
import { expected, MountError, OptionError, type CallbackError } from './errors.js';
import type { Host, HostedVolume } from './hosts/host.js';
import { keepNote } from './mounts/own_mounts.js';
import type { DokanOperations } from './operations.js';
import {
  resolveOptions,
  resolveUnmountOptions,
  type MountOptions,
  type ResolvedOptions,
  type UnmountOptions,
} from './options.js';
import { unmountOnSignal } from './signals.js';
import { Volume } from './volume.js';

/** Volumes of this process by mount point, so that `unmount` finds their own way out. */
const volumes = new Map<string, Volume>();

/** Windows does not tell places apart by case. */
function keyOf(mountPoint: string): string {
  return process.platform === 'win32' ? mountPoint.toLowerCase() : mountPoint;
}

/** Each system loads its own host, and nothing of the other one's. */
async function hostFor(mountPoint: string): Promise<Host> {
  if (process.platform === 'linux') return (await import('./hosts/fuse/fuse_host.js')).fuseHost;
  if (process.platform === 'win32') return (await import('./hosts/dokan/dokan_host.js')).dokanHost;
  throw new MountError({
    code: 'ERR_UNSUPPORTED_PLATFORM',
    mountPoint,
    problem: `This version cannot mount on ${process.platform}`,
    cure: 'Use it on Linux or Windows.',
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
 * @param mountPoint - an empty directory; on Windows a drive letter (`M:`) or an empty folder on NTFS
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
  const creating = create(place, dispatcher, resolved, (hosted) =>
    keepNote(hosted, operations, options),
  );
  // A signal may come as soon as the kernel has the mount, which is before we know of it.
  if (resolved.unmountOnSignal) unmountOnSignal(creating);
  const created = await creating;
  await dispatcher.mounted(created.mountPoint);
  // Whoever awaits the volume has the chance to listen first.
  setImmediate(() => {
    volume = created;
    for (const error of early) created.report(error);
  });
  return created;
}

/** @param note - keeps one about the volume */
async function create(
  place: string,
  dispatcher: Dispatcher,
  options: ResolvedOptions,
  note: (hosted: HostedVolume) => Promise<void>,
): Promise<Volume> {
  const host = await hostFor(place);
  const hosted = await host.mount(place, dispatcher, options);
  const volume = new Volume(hosted, dispatcher);
  const key = keyOf(volume.mountPoint);
  volumes.set(key, volume);
  void volume.closed.then(() => {
    if (volumes.get(key) === volume) volumes.delete(key);
  });
  await note(hosted);
  return volume;
}

/**
 * Unmounts a volume of this user, whichever process serves it. On Windows that of another process goes
 * by force, whether `force` is set or not: Dokan has no other way, and what is open there fails.
 *
 * @param mountPoint - where it is mounted
 * @throws OptionError for options that are wrong
 * @throws MountError EINVAL when nothing is mounted there; EBUSY when it is still in use after
 *   `timeout` milliseconds (`processes` says by whom), or when it is no volume of this package; EPERM
 *   when it belongs to another user (on Windows, when it is another session's, or all sessions see it
 *   and no note of this user's tells of it), and `allSessions` or the privilege for that is missing
 */
export async function unmount(mountPoint: string, options?: UnmountOptions): Promise<void> {
  const place = checkMountPoint(mountPoint);
  const resolved = resolveUnmountOptions(options);
  const host = await hostFor(place);
  const own = volumes.get(keyOf(resolve(place))) ?? volumes.get(keyOf(await host.spelling(place)));
  if (own !== undefined) return own.unmount(resolved);
  await host.unmount(place, resolved);
}
