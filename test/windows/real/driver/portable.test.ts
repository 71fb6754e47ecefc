import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { ExampleName } from '../../../support/example.js';
import { portable, type Place } from '../portable.js';
import { freeDrive, missingDriver, RealVolume, scratchDirectory } from './real_volume.js';

const missing = missingDriver();

async function openVolume(name: ExampleName, where: 'drive' | 'folder'): Promise<Place> {
  const scratch = scratchDirectory();
  const backing = join(scratch.path, 'backing');
  mkdirSync(backing);
  const point = where === 'drive' ? freeDrive() : join(scratch.path, 'mounted');
  // An empty folder is what Dokan mounts over.
  if (where === 'folder') mkdirSync(point);
  const args = name === 'mirrorfs' ? ['--root', backing] : ['--size', '16G'];
  const volume = await RealVolume.start(name, point, args);
  return {
    directory: volume.root,
    close: async () => {
      await volume.stop();
      scratch.remove();
    },
  };
}

describe.skipIf(missing !== undefined)(`with Dokan's driver ${missing ?? ''}`, () => {
  portable('mirrorfs on a drive letter', () => openVolume('mirrorfs', 'drive'));
  portable('mirrorfs on a folder', () => openVolume('mirrorfs', 'folder'));
  portable('memfs on a drive letter', () => openVolume('memfs', 'drive'));
  portable('memfs on a folder', () => openVolume('memfs', 'folder'));
});
