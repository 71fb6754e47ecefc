import { describe } from 'vitest';
import { Suite } from '../conformance/suite.js';
import { openMemfs } from '../conformance/targets.js';
import { addModelTest } from './property.js';

describe('model: memfs', () => {
  const suite = new Suite('memfs', () => openMemfs());
  suite.install();
  addModelTest(suite);
});
