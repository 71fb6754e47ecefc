import { fileURLToPath } from 'node:url';
import { VolumeProcess } from '../support/volume_process.js';
import { conformance } from './all.js';
import { concurrency } from './concurrency.js';
import { mmap } from './mmap.js';
import { sizes } from './sizes.js';
import { sparse } from './sparse.js';
import { mountedFeatures, openPlaces } from './targets.js';

const program = fileURLToPath(new URL('./programs/served_mirror.mjs', import.meta.url));

// What concerns data, where the kernel passes nothing through.
conformance(
  'mirrorfs, served by threads',
  () =>
    openPlaces(async ({ backing, mountPoint }) => {
      const volume = await new VolumeProcess(mountPoint, [program, backing, mountPoint]).mounted();
      return { features: mountedFeatures, stop: () => volume.stop() };
    }),
  [mmap, sizes, sparse, concurrency],
);
