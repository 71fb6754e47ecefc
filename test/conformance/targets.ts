import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atExit } from '../support/cleanup.js';
import { startExample, type ExampleName, type ExampleOptions } from '../support/example.js';
import { temporaryDirectory } from '../support/temporary.js';
import { absent, allFeatures, type Features, type Target } from './target.js';

/** /dev/shm is a file system of its own everywhere; a mount of ours would be no neutral partner. */
function elsewhere(): { path: string; remove(): void } {
  const path = mkdtempSync('/dev/shm/node-dokan-test-');
  const remove = (): void => {
    rmSync(path, { recursive: true, force: true });
    released();
  };
  const released = atExit(remove);
  return { path, remove };
}

/** The disk under os.tmpdir(): the reference every other target is compared with. */
export function openNative(): Promise<Target> {
  const temporary = temporaryDirectory();
  const other = elsewhere();
  return Promise.resolve({
    directory: temporary.path,
    features: allFeatures,
    elsewhere: other.path,
    close: () => {
      temporary.remove();
      other.remove();
      return Promise.resolve();
    },
  });
}

/** What no volume on Linux has. */
export const mountedFeatures: Features = {
  ...allFeatures,
  specialFiles: absent('the FUSE host has no callback for them'),
  temporaryFiles: absent('O_TMPFILE has no counterpart in the Dokan contract'),
  unlinkedXattrs: absent('a stream is opened by path, and an unlinked file has none'),
  privateUseNames: absent('U+F03A stands for a colon, which would introduce a stream'),
};

/** What is mounted, beside what every Target has. */
export interface MountedTarget extends Target {
  /** The directory mirrorfs shows; for memfs an empty one. */
  readonly backing: string;
  readonly mountPoint: string;
}

/** Where a target works; `stop` ends what `start` has begun. */
export interface Started {
  readonly features: Features;
  readonly slowness?: number;
  readonly stop: () => Promise<void>;
}

/** Makes the directories of a target and starts what mounts it; all is gone when that fails. */
export async function openPlaces(
  start: (places: { backing: string; mountPoint: string; scratch: string }) => Promise<Started>,
): Promise<MountedTarget> {
  const temporary = temporaryDirectory();
  const other = elsewhere();
  const backing = temporary.directory('backing');
  const mountPoint = temporary.directory('mount');
  const remove = (): void => {
    temporary.remove();
    other.remove();
  };
  try {
    const scratch = temporary.directory('scratch');
    const { features, slowness = 1, stop } = await start({ backing, mountPoint, scratch });
    return {
      directory: mountPoint,
      mountPoint,
      backing,
      features,
      slowness,
      elsewhere: other.path,
      close: async () => {
        try {
          await stop();
        } finally {
          remove();
        }
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

export function openExample(
  name: ExampleName,
  args: (backing: string) => readonly string[],
  features: Partial<Features> = {},
  options: ExampleOptions = {},
): Promise<MountedTarget> {
  return openPlaces(async ({ backing, mountPoint }) => {
    const example = await startExample(name, mountPoint, { ...options, args: args(backing) });
    return { features: { ...mountedFeatures, ...features }, stop: () => example.stop() };
  });
}

export const openMirrorfs = (...extra: string[]): Promise<MountedTarget> =>
  openExample('mirrorfs', (backing) => ['--root', join(backing), ...extra]);

export const openMemfs = (size = '1G', ...extra: string[]): Promise<MountedTarget> =>
  openExample('memfs', () => ['--size', size, ...extra]);
