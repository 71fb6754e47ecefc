import { MountError } from '../../errors.js';
import type { ResolvedOptions } from '../../options.js';
import { isDrive } from './mount_point.js';
import type { NativeMountOptions } from './native.js';

/** Bits of DOKAN_OPTIONS.Options, in their order. */
const OPTION_BITS = [
  'debug',
  'stderr',
  'altStreams',
  'writeProtect',
  'network',
  'removable',
  'mountManager',
  'currentSession',
  'userModeLock',
  'caseSensitive',
  'networkUnmount',
  'driverLogs',
  'ipcBatching',
] as const satisfies (keyof ResolvedOptions)[];

/** Bytes; Dokan silently takes 512 for both sizes when one of them is larger. */
const LARGEST_UNIT = 65_536;

const UNC_NAME = /^\\\\?[^\\/]+\\[^\\/]+$/;

/**
 * What the native side is mounted with.
 * @param mountPoint - as `normalMountPoint` writes it
 * @throws MountError for what Dokan would refuse without saying why
 */
export function nativeMountOptions(
  mountPoint: string,
  options: ResolvedOptions,
): NativeMountOptions {
  const { uncName, network } = options;
  if (network && !isDrive(mountPoint)) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint,
      problem: 'A network volume cannot be mounted on a folder',
      cure: "Name a drive letter, or leave out the option 'network'.",
    });
  }
  if (uncName !== undefined && !UNC_NAME.test(uncName)) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint,
      problem: `The UNC name '${uncName}' is none`,
      cure: "Give the option 'uncName' as \\\\server\\share.",
    });
  }
  if (options.allocationUnitSize > LARGEST_UNIT) {
    throw new MountError({
      code: 'EINVAL',
      mountPoint,
      problem: `Dokan has no allocation units of ${options.allocationUnitSize} bytes`,
      cure: `Give the option 'allocationUnitSize' as ${LARGEST_UNIT} at most.`,
    });
  }
  return {
    libraryPath: options.libraryPath,
    mountPoint,
    // Dokan wants a single backslash in front.
    uncName: uncName?.replace(/^\\\\/, '\\'),
    version: options.version,
    singleThread: options.singleThread,
    options: OPTION_BITS.reduce((bits, name, bit) => (options[name] ? bits | (1 << bit) : bits), 0),
    timeout: options.timeout,
    allocationUnitSize: options.allocationUnitSize,
    sectorSize: options.sectorSize,
    volumeSecurityDescriptor: options.volumeSecurityDescriptor,
    operationTimeout: options.operationTimeout,
    pollTime: options.pollTime,
    readAhead: options.readAhead,
  };
}
