import { describe } from 'vitest';
import { Suite } from '../conformance/suite.js';
import { openMemfs } from '../conformance/targets.js';
import { addModelTest, noUnlinkedAttributes } from './property.js';

describe('model: memfs', () => {
  const suite = new Suite('memfs', () => openMemfs());
  suite.install();
  addModelTest(suite, { unlinkedAttributes: noUnlinkedAttributes });
});
