import { basename, join } from 'node:path';
import { describe } from 'vitest';
import { Suite } from '../conformance/suite.js';
import { openMirrorfs, type MountedTarget } from '../conformance/targets.js';
import { addModelTest, noUnlinkedAttributes } from './property.js';

describe('model: mirrorfs', () => {
  let backing = '';
  const suite = new Suite('mirrorfs', async (): Promise<MountedTarget> => {
    const target = await openMirrorfs();
    backing = target.backing;
    return target;
  });
  suite.install();
  addModelTest(suite, {
    backing: (directory) => join(backing, basename(directory)),
    unlinkedAttributes: noUnlinkedAttributes,
  });
});
