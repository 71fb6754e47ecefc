import { describe, test } from 'vitest';
import { missingWine } from '../support/wine.js';
import { allTopics, conformance } from './all.js';
import type { Target } from './target.js';

/** Requests take their way through three processes and Wine. */
const PATIENCE = 3;

/** The suite on a target that needs Wine and a compiler for Windows. */
export function describeWindows(name: string, open: () => Promise<Target>): void {
  const missing = missingWine();
  if (missing === undefined) conformance(name, open, allTopics, PATIENCE);
  else describe.skip(`${name}: ${missing}`, () => test('the suite'));
}
