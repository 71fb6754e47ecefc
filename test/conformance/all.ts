import { describe } from 'vitest';
import { attributes } from './attributes.js';
import { concurrency } from './concurrency.js';
import { create } from './create.js';
import { deletion } from './delete.js';
import { directories } from './directories.js';
import { errors } from './errors.js';
import { links } from './links.js';
import { locks } from './locks.js';
import { mmap } from './mmap.js';
import { naming } from './names.js';
import { permissions } from './permissions.js';
import { rename } from './rename.js';
import { sizes } from './sizes.js';
import { sparse } from './sparse.js';
import { statfs } from './statfs.js';
import { Suite } from './suite.js';
import type { Target } from './target.js';
import { times } from './times.js';
import { xattr } from './xattr.js';

/** Adds the tests of one topic. */
export type Topic = (suite: Suite) => void;

/** Every topic of the suite. */
export const allTopics: readonly Topic[] = [
  create,
  attributes,
  times,
  sizes,
  directories,
  rename,
  deletion,
  links,
  locks,
  mmap,
  sparse,
  xattr,
  naming,
  concurrency,
  errors,
  permissions,
  statfs,
];

/**
 * The suite, as tests of one target.
 * @param open - called before the first test
 * @param topics - where an option of a target concerns only some
 * @param patience - times the usual time limits
 */
export function conformance(
  name: string,
  open: () => Promise<Target>,
  topics: readonly Topic[] = allTopics,
  patience = 1,
): void {
  describe(name, () => {
    const suite = new Suite(name, open, patience);
    suite.install();
    for (const topic of topics) topic(suite);
  });
}
