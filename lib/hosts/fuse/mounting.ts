import { MountError } from '../../errors.js';
import { FUSE_TYPE } from '../../mounts/list.js';
import type { ResolvedOptions } from '../../options.js';
import { loadLinuxAddon, type FuseDevice, type PlaceRequest } from '../addon.js';
import { guardOf } from './guard.js';
import { findHelper, HELPER, missingHelper } from './mount_helper.js';
import { DEVICE, missingDevice } from './mount_point.js';
import { MAX_TRANSFER } from './session.js';
import { unmountDirectly, unmountThroughHelper } from './unmounting.js';
import { unmountExactly } from './unmounting_exactly.js';

/** mount(2) flags. */
const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_NODEV = 4;

/** A mounted device, and how to unmount it. */
export interface MountedDevice {
  readonly device: FuseDevice;
  /**
   * Unmounts it when nobody uses it.
   * @param isThere - whether it is what is on top at its mount point; when not, nothing is done
   */
  unmount(isThere: () => Promise<boolean>): Promise<void>;
  /** Takes what is on top there out of the tree, used or not. */
  detach(): Promise<void>;
}

/**
 * Mounts with mount(2) where this process may, else through fusermount3.
 * @param claim - only when the place can be claimed
 * @returns undefined when it cannot
 */
export async function mountDevice(
  mountPoint: string,
  options: ResolvedOptions,
  claim: boolean,
): Promise<MountedDevice | undefined> {
  const helper = await findHelper();
  const direct = process.getuid?.() === 0;
  try {
    try {
      if (direct) return await mountDirectly(mountPoint, options, claim);
    } catch (error) {
      // Root of a container may lack CAP_SYS_ADMIN, and the helper may still have it.
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' || syscall !== 'mount' || helper === undefined) throw error;
    }
    if (helper === undefined) throw missingHelper(mountPoint);
    return await mountThroughHelper(helper, mountPoint, options, claim);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === 'claim') return undefined;
    throw mountFailure(mountPoint, error);
  }
}

async function mountDirectly(
  mountPoint: string,
  options: ResolvedOptions,
  claim: boolean,
): Promise<MountedDevice> {
  const device = await loadLinuxAddon().mountDirect({
    ...placeOf(mountPoint, options, claim, undefined),
    source: sourceOf(options),
    type: FUSE_TYPE,
    flags: MS_NOSUID | MS_NODEV | (options.writeProtect ? MS_RDONLY : 0),
    data: [...kernelOptions(options), `max_read=${MAX_TRANSFER}`].join(','),
  });
  return {
    device,
    unmount: (isThere) => unmountExactly(device.mountPoint, isThere),
    detach: () => unmountDirectly(device.mountPoint, true),
  };
}

async function mountThroughHelper(
  helper: string,
  mountPoint: string,
  options: ResolvedOptions,
  claim: boolean,
): Promise<MountedDevice> {
  const device = await loadLinuxAddon().mountWithHelper({
    ...placeOf(mountPoint, options, claim, helper),
    helper,
    options: [
      ...kernelOptions(options),
      `fsname=${escapeOption(sourceOf(options))}`,
      `subtype=${FUSE_TYPE.slice('fuse.'.length)}`,
      `max_read=${MAX_TRANSFER}`,
      ...(options.writeProtect ? ['ro'] : []),
    ].join(','),
  });
  return {
    device,
    unmount: async (isThere) => {
      if (await isThere()) await unmountThroughHelper(helper, device.mountPoint, false);
    },
    detach: () => unmountThroughHelper(helper, device.mountPoint, true),
  };
}

function placeOf(
  mountPoint: string,
  { autoUnmount }: ResolvedOptions,
  claim: boolean,
  helper: string | undefined,
): PlaceRequest {
  return { mountPoint, claim, guard: autoUnmount ? guardOf(mountPoint, helper) : undefined };
}

function sourceOf({ volumeLabel }: ResolvedOptions): string {
  return volumeLabel ?? 'node-dokan';
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
