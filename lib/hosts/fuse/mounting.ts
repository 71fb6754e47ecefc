import { access, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MountError } from '../../errors.js';
import { FUSE_TYPE } from '../../mounts/list.js';
import { readMountInfo, topmostAt, type MountInfo } from '../../mounts/mountinfo.js';
import type { ResolvedOptions } from '../../options.js';
import { settledWithin } from '../../settled_within.js';
import { loadLinuxAddon, type FuseDevice } from '../addon.js';
import { DEVICE, missingDevice } from './mount_point.js';
import { MAX_TRANSFER } from './session.js';

/** mount(2) and umount2(2) flags. */
const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MNT_FORCE = 1;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

const HELPER = 'fusermount3';

/** How long force is gentle first, in milliseconds. */
const GENTLE = 2_000;

/** A mounted device, and how to unmount it. */
export interface MountedDevice {
  readonly device: FuseDevice;
  unmount(lazy: boolean): Promise<void>;
}

/** Mounts with mount(2) where this process may, else through fusermount3. */
export async function mountDevice(
  mountPoint: string,
  options: ResolvedOptions,
): Promise<MountedDevice> {
  const addon = loadLinuxAddon();
  const helper = await findHelper();
  const source = options.volumeLabel ?? 'node-dokan';
  if (process.getuid?.() === 0 && options.autoUnmount !== true) {
    try {
      const device = await addon.mountDirect({
        mountPoint,
        source,
        type: FUSE_TYPE,
        flags: MS_NOSUID | MS_NODEV | (options.writeProtect ? MS_RDONLY : 0),
        data: [...kernelOptions(options), `max_read=${MAX_TRANSFER}`].join(','),
      });
      const unmount = (lazy: boolean): Promise<void> => unmountDirectly(device.mountPoint, lazy);
      return { device, unmount };
    } catch (error) {
      // Root of a container may lack CAP_SYS_ADMIN, and the helper may still have it.
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' || syscall !== 'mount' || helper === undefined) {
        throw mountFailure(mountPoint, error);
      }
    }
  }
  if (helper === undefined) throw missingHelper(mountPoint);
  const keepAlive = options.autoUnmount ?? true;
  try {
    const device = await addon.mountWithHelper({
      helper,
      mountPoint,
      options: [
        ...kernelOptions(options),
        `fsname=${escapeOption(source)}`,
        `subtype=${FUSE_TYPE.slice('fuse.'.length)}`,
        `max_read=${MAX_TRANSFER}`,
        ...(options.writeProtect ? ['ro'] : []),
        ...(keepAlive ? ['auto_unmount'] : []),
      ].join(','),
      keepAlive,
    });
    const unmount = (lazy: boolean): Promise<void> =>
      unmountThroughHelper(helper, device.mountPoint, lazy);
    return { device, unmount };
  } catch (error) {
    throw mountFailure(mountPoint, error);
  }
}

/** Unmounts what this user has mounted, by whatever means there are. */
export async function unmountPath(mountPoint: string, lazy: boolean): Promise<void> {
  if (process.getuid?.() === 0) return unmountDirectly(mountPoint, lazy);
  const helper = await findHelper();
  if (helper === undefined) throw missingHelper(mountPoint);
  return unmountThroughHelper(helper, mountPoint, lazy);
}

/**
 * Takes a volume away from its process and from everybody who uses it: the place is free, and the
 * connection is cut, so that nobody waits for a process that hangs.
 *
 * @param mount - what is on top at its mount point
 */
export async function takeAway(mount: MountInfo): Promise<void> {
  const { mountPoint } = mount;
  // A process that is well gets what the kernel has not written yet. Unmounting may take as long
  // as that process likes, hence the limit.
  const gentle = await settledWithin(unmountPath(mountPoint, false), GENTLE);
  if (gentle === 'done') return;
  // Unmounting waits for the process that hangs, and so the number is still this connection's.
  if (gentle === 'late') await abortConnection(mount);
  if (!(await isOnTop(mount))) return;
  // In use: forcing it would lose what is in the caches of those files.
  if (gentle === 'failed') await settledWithin(writeAll(mount), GENTLE);
  try {
    if (process.getuid?.() === 0) {
      await unmountDirectly(mountPoint, true, MNT_FORCE);
    } else {
      await unmountPath(mountPoint, true);
      await abortConnection(mount);
    }
  } catch (error) {
    // Somebody else, or the gentle way, may have been faster.
    if (await isOnTop(mount)) throw error;
  }
}

async function isOnTop({ mountPoint, deviceNumber }: MountInfo): Promise<boolean> {
  return topmostAt(await readMountInfo(), mountPoint)?.deviceNumber === deviceNumber;
}

/** The kernel makes the requests for what it has not written yet, and does not wait for the answers. */
async function writeAll({ mountPoint, deviceNumber }: MountInfo): Promise<void> {
  await loadLinuxAddon().syncFileSystem(mountPoint);
  const until = performance.now() + GENTLE;
  while ((await waitingCount(deviceNumber)) > 0 && performance.now() < until) await delay(10);
}

/** Requests without an answer; 0 where the system does not say. */
async function waitingCount(deviceNumber: string): Promise<number> {
  try {
    return Number(await readFile(controlFile(deviceNumber, 'waiting'), 'utf8'));
  } catch {
    return 0;
  }
}

function controlFile(deviceNumber: string, name: string): string {
  const connection = deviceNumber.slice(deviceNumber.indexOf(':') + 1);
  return `/sys/fs/fuse/connections/${connection}/${name}`;
}

/** Every request fails from here on. The control files belong to the user who has mounted. */
async function abortConnection({ deviceNumber }: MountInfo): Promise<void> {
  try {
    await writeFile(controlFile(deviceNumber, 'abort'), '1', { flag: 'r+' });
  } catch {
    // Not every system has them mounted. Then what is open stays so for as long as its process lives.
  }
}

async function unmountDirectly(mountPoint: string, lazy: boolean, force = 0): Promise<void> {
  try {
    const flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0) | force;
    await loadLinuxAddon().unmountDirect(mountPoint, flags);
  } catch (error) {
    throw unmountFailure(mountPoint, error);
  }
}

async function unmountThroughHelper(
  helper: string,
  mountPoint: string,
  lazy: boolean,
): Promise<void> {
  try {
    await loadLinuxAddon().unmountWithHelper(helper, mountPoint, lazy);
  } catch (error) {
    throw unmountFailure(mountPoint, error);
  }
}

function kernelOptions(options: ResolvedOptions): string[] {
  return [
    ...(options.defaultPermissions ? ['default_permissions'] : []),
    ...(options.allowOther ? ['allow_other'] : []),
  ];
}

/** fusermount3 takes a backslash before what would end the option. */
function escapeOption(text: string): string {
  return text.replaceAll(/[\\,]/g, (character) => `\\${character}`);
}

async function findHelper(): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, HELPER);
    try {
      await access(path);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

function missingHelper(mountPoint: string): MountError {
  return new MountError({
    code: 'ENOENT',
    mountPoint,
    problem: `Without privileges mounting needs ${HELPER}, which is not installed`,
    cure: 'Install it: apt-get install fuse3 (dnf install fuse3, apk add fuse3).',
  });
}

function mountFailure(mountPoint: string, error: unknown): Error {
  const { code, syscall, detail } = error as NodeJS.ErrnoException & { detail?: string };
  if (code === undefined || syscall === undefined) return error as Error;
  if (code === 'EHELPER') {
    const noOthers = detail?.includes('allow_other') ?? false;
    return new MountError({
      code: 'EPERM',
      mountPoint,
      problem: `${HELPER} refused (${detail ?? 'without saying why'})`,
      cure: noOthers
        ? "Put user_allow_other into /etc/fuse.conf, or leave out the option 'allowOther'."
        : 'The directory must belong to this user, and /dev/fuse must be accessible.',
      cause: error,
    });
  }
  // The module is not there, or what has the device's name is no FUSE device.
  if (code === 'ENODEV' || code === 'ENXIO') return missingDevice(mountPoint, error);
  const permission = code === 'EPERM' || code === 'EACCES';
  return new MountError({
    code,
    mountPoint,
    problem:
      syscall === 'open' ? `${DEVICE} cannot be opened (${code})` : `Mounting failed (${code})`,
    cure: permission
      ? 'Mounting needs CAP_SYS_ADMIN or fusermount3, and read and write access to /dev/fuse.'
      : 'See dmesg for what the kernel says.',
    cause: error,
  });
}

function unmountFailure(mountPoint: string, error: unknown): Error {
  const { code, detail } = error as NodeJS.ErrnoException & { detail?: string };
  if (code === undefined) return error as Error;
  const busy = code === 'EBUSY' || (detail?.includes('busy') ?? false);
  if (busy) {
    return new MountError({
      code: 'EBUSY',
      mountPoint,
      problem: 'The volume is in use: a program has a file open or its current directory there',
      cure: 'Close it, or unmount with { force: true }.',
      cause: error,
    });
  }
  return new MountError({
    code: code === 'EHELPER' ? 'EPERM' : code,
    mountPoint,
    problem: `Unmounting failed (${detail ?? code})`,
    cure: 'Only the user who mounted a volume, or root, can unmount it.',
    cause: error,
  });
}
