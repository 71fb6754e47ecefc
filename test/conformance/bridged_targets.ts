import { fileURLToPath } from 'node:url';
import type { MountOptions } from 'node-dokan';
import type { ExampleName } from '../support/example.js';
import { VolumeProcess } from '../support/volume_process.js';
import { windowsPath } from '../support/wine.js';
import { WindowsVolume } from '../windows/windows_volume.js';
import { absent, type Features } from './target.js';
import { mountedFeatures, openPlaces, type MountedTarget } from './targets.js';

/**
 * Targets whose file system is asked as Dokan asks: the FUSE host hands every request to the bridge,
 * which makes of it the orders that the Dokan driver gives.
 */

const bridge = (file: string): string =>
  fileURLToPath(new URL(`../windows/bridge/${file}`, import.meta.url));

/** A program of the bridge, which is TypeScript, in a process of its own. */
function startBridge(
  program: string,
  mountPoint: string,
  ...args: readonly string[]
): Promise<VolumeProcess> {
  const loader = ['--import', bridge('typescript_loader.mjs')];
  const started = new VolumeProcess(mountPoint, [...loader, bridge(program), ...args]);
  // The compiler may have to run first.
  return started.mounted(60_000);
}

/** What no volume of Dokan has: its requests do not speak of it. */
const dokanFeatures: Features = {
  ...mountedFeatures,
  modes: absent('Dokan knows no permission bits'),
  ownership: absent('Dokan knows no numbers of users and groups'),
  otherUsers: absent('without modes and owners, others can only be let in everywhere'),
  symbolicLinks: absent('Dokan delivers no reparse points'),
  hardLinks: absent('Dokan delivers no requests for hard links'),
  exchange: absent('Windows has no request that swaps two names'),
  punchHole: absent('Dokan delivers no FSCTL_SET_ZERO_DATA'),
  sparseFiles: absent('Dokan reports the allocation as the size, rounded up'),
  nanoseconds: absent('a FILETIME counts 100 ns'),
  changeTimes: absent('Dokan delivers no ChangeTime'),
  listedInodes: absent('Dokan delivers no file IDs in listings'),
  backslashes: absent('a backslash separates names on Windows'),
};

/** memfs below the model of Dokan's library: what a Dokan volume can do, without Windows. */
export function openModelledMemfs(): Promise<MountedTarget> {
  return openPlaces(async ({ mountPoint }) => {
    const program = await startBridge('stand_in.ts', mountPoint, mountPoint);
    return { features: dokanFeatures, stop: () => program.stop() };
  });
}

/** Measured: 8 ms for a mkdir that takes 0.5 ms without Wine. */
const SLOWNESS = 16;

interface WindowsExample {
  readonly name: ExampleName;
  readonly args: (backing: string) => readonly string[];
  readonly features?: Partial<Features>;
  /** For the FUSE side alone: how much the kernel may keep. */
  readonly options?: MountOptions;
}

/** An example in Windows' Node under Wine, its drive mounted here by the bridge. */
function openWindowsExample({
  name,
  args,
  features = {},
  options = {},
}: WindowsExample): Promise<MountedTarget> {
  return openPlaces(async ({ backing, mountPoint, scratch }) => {
    const volume = await WindowsVolume.start(name, { scratch, args: args(backing) });
    try {
      const port = String(volume.port);
      const program = await startBridge(
        'main.ts',
        mountPoint,
        port,
        mountPoint,
        JSON.stringify(options),
      );
      const stop = async (): Promise<void> => {
        try {
          await program.stop();
          await volume.stop();
        } finally {
          volume.kill();
        }
      };
      return { features: { ...dokanFeatures, ...features }, slowness: SLOWNESS, stop };
    } catch (error) {
      volume.kill();
      throw error;
    }
  });
}

export const openWindowsMemfs = (): Promise<MountedTarget> =>
  openWindowsExample({
    name: 'memfs',
    args: () => ['--size', '1G', '--case-sensitive'],
    options: { keepCache: true, negativeTimeout: 1_000 },
  });

/** @param image - that it is to be mounted from */
export const openWindowsImagefs = (image: string): Promise<MountedTarget> =>
  openWindowsExample({ name: 'imagefs', args: () => ['--image', windowsPath(image)] });

export const openWindowsMirrorfs = (): Promise<MountedTarget> =>
  openWindowsExample({
    name: 'mirrorfs',
    args: (backing) => ['--root', windowsPath(backing), '--no-alt-streams'],
    features: {
      oddNames: absent('the Win32 functions refuse or change such names'),
      rawNames: absent('Wine gives no name to bytes that are no UTF-8'),
      caseSensitive: absent('Wine finds names whatever their case, and keeps the old one'),
      atomicReplace: absent('Wine knows no POSIX rename: a file in use is moved aside before'),
      xattrs: absent('Wine has no alternate streams'),
      privateUseNames: true,
      zeroLinks: absent('Windows counts a name until the last handle of the file is closed'),
      replacedDirectories: absent('Windows replaces no directory'),
      longPaths: absent('the path of the directory that is shown comes in front'),
    },
  });
