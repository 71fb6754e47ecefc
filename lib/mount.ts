import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { Dispatcher } from './dispatcher.js';
import {
  expected,
  MountError,
  OptionError,
  type CallbackError,
  type ThreadError,
} from './errors.js';
import { loadOperations, moduleError, moduleUrl } from './file_system_module.js';
import type { Host, ThreadedVolume } from './hosts/host.js';
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
import type { VolumeBooks } from './volume_books.js';

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

function isModule(operations: unknown): operations is URL | string {
  return operations instanceof URL || (typeof operations === 'string' && operations !== '');
}

/** Each thread is given a copy. */
function checkCloned(data: unknown): void {
  try {
    structuredClone(data);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Option 'data' must be something that can be copied to a thread (${reason})`;
    throw new OptionError('data', message);
  }
}

function checkOperations(operations: unknown, { threads, data }: ResolvedOptions): void {
  if (isModule(operations)) {
    if (threads > 1) checkCloned(data);
    return;
  }
  if (typeof operations !== 'object' || operations === null) {
    throw expected('operations', 'an object with callbacks, or a module that has one', operations);
  }
  if (threads > 1) {
    throw new OptionError(
      'threads',
      "Option 'threads' needs the file system as a module, which each thread loads for itself: " +
        "mount(mountPoint, new URL('./fs.js', import.meta.url), { threads: 2 }) instead of an object",
    );
  }
  if (data !== undefined) {
    const message = "Option 'data' is for a file system module, and an object was given";
    throw new OptionError('data', message);
  }
}

/** What calls the file system, until there is a volume: errors may come before there is one to tell. */
type Tell = (error: CallbackError | ThreadError) => void;

/**
 * Mounts a file system.
 *
 * @param mountPoint - an empty directory; on Windows a drive letter (`M:`) or an empty folder on NTFS
 * @param operations - the callbacks; methods of a class instance are called on it. Or the URL or path
 *   of a module (ES or CommonJS) whose default export is the callbacks, or a function that returns
 *   them (`FileSystemFactory`): with the option `threads` it is loaded once in each thread, and has
 *   to be a module
 * @returns the volume, usable at once
 * @throws OptionError for options that are wrong
 * @throws MountError when it cannot be mounted; nothing is left mounted then
 */
export async function mount<Context = unknown>(
  mountPoint: string,
  operations: DokanOperations<Context> | URL | string,
  options?: MountOptions,
): Promise<Volume> {
  const place = checkMountPoint(mountPoint);
  const resolved = resolveOptions(options);
  checkOperations(operations, resolved);
  if (resolved.unmountOnSignal && !isMainThread) {
    throw new OptionError(
      'unmountOnSignal',
      "Option 'unmountOnSignal' does not work in a Worker: signals reach the main thread only",
    );
  }
  // Errors may come before there is a volume to tell of them.
  const early: (CallbackError | ThreadError)[] = [];
  let volume: Volume | undefined;
  const tell: Tell = (error) => {
    if (volume === undefined) early.push(error);
    else volume.report(error);
  };
  const creating = create(place, operations, resolved, tell, options);
  // A signal may come as soon as the kernel has the mount, which is before we know of it.
  if (resolved.unmountOnSignal) unmountOnSignal(creating.then((made) => made.created));
  const { created, books } = await creating;
  await books.mounted(created.mountPoint);
  // Whoever awaits the volume has the chance to listen first.
  setImmediate(() => {
    volume = created;
    for (const error of early) created.report(error);
  });
  return created;
}

interface Created {
  readonly created: Volume;
  readonly books: VolumeBooks;
}

/** @param given - the options as they were given */
async function create<Context>(
  place: string,
  operations: DokanOperations<Context> | URL | string,
  options: ResolvedOptions,
  tell: Tell,
  given: MountOptions | undefined,
): Promise<Created> {
  const host = await hostFor(place);
  let threaded: ThreadedVolume;
  let named: DokanOperations | undefined;
  if (isModule(operations) && options.threads > 1) {
    if (host.mountThreads === undefined) {
      throw new OptionError('threads', "Option 'threads' works on Linux only: leave it out here");
    }
    threaded = await host.mountThreads(place, moduleUrl(operations), options, tell);
  } else {
    named = isModule(operations)
      ? await loadHere(place, moduleUrl(operations), options)
      : operations;
    const books = new Dispatcher(named, { ...options, onError: tell });
    threaded = { hosted: await host.mount(place, books, options), books };
  }
  const { hosted, books } = threaded;
  const created = new Volume(hosted, books);
  const key = keyOf(created.mountPoint);
  volumes.set(key, created);
  void created.closed.then(() => {
    if (volumes.get(key) === created) volumes.delete(key);
  });
  await keepNote(hosted, named, given);
  return { created, books };
}

/** A module that this thread serves. */
async function loadHere(
  mountPoint: string,
  module: string,
  { data }: ResolvedOptions,
): Promise<DokanOperations> {
  try {
    return await loadOperations(module, { threadIndex: 0, threads: 1, data });
  } catch (error) {
    throw moduleError(mountPoint, module, error);
  }
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
