import { describe } from 'vitest';
import { attributes } from './attributes.js';
import { create } from './create.js';
import { deletion } from './delete.js';
import { directories } from './directories.js';
import { rename } from './rename.js';
import { sizes } from './sizes.js';
import { Suite } from './suite.js';
import type { Target } from './target.js';
import { times } from './times.js';

const topics: readonly ((suite: Suite) => void)[] = [
  create,
  attributes,
  times,
  sizes,
  directories,
  rename,
  deletion,
];

/**
 * The whole suite, as tests of one target.
 * @param open - called before the first test
 */
export function conformance(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    const suite = new Suite(name, open);
    suite.install();
    for (const topic of topics) topic(suite);
  });
}
