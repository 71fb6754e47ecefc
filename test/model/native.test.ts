import { describe } from 'vitest';
import { Suite } from '../conformance/suite.js';
import { openNative } from '../conformance/targets.js';
import { addModelTest } from './property.js';

// The model itself is proven here: on a disk that is right by definition.
describe('model: native', () => {
  const suite = new Suite('native', openNative);
  suite.install();
  addModelTest(suite);
});
