import { fileURLToPath } from 'node:url';
import { VolumeProcess } from '../support/volume_process.js';
import { conformance } from './all.js';
import { mountedFeatures, openPlaces, type MountedTarget } from './targets.js';

const program = fileURLToPath(new URL('./programs/threads.mjs', import.meta.url));

// Each open belongs to the thread that made it, and requests come to either.

function openThreads(): Promise<MountedTarget> {
  return openPlaces(async ({ backing, mountPoint }) => {
    const volume = await new VolumeProcess(mountPoint, [program, backing, mountPoint]).mounted();
    return { features: mountedFeatures, stop: () => volume.stop() };
  });
}

conformance('mirrorfs in two threads', openThreads);
