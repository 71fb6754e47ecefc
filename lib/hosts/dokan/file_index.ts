import { upcaseUnit } from '../../wildcards.js';

const PRIME = 0x0100_0193;
const FIRST_SEED = 0x811c_9dc5;
const SECOND_SEED = 0x9e37_79b9;

/** The two halves of the index last made by `makeIndex`, lower one first. */
export const madeIndex = new Uint32Array(2);

/**
 * An identity for a file whose file system gives none, made of its path (FNV-1a, twice). Programs
 * take two files for one when their numbers are the same, so that 0 for all would make every copy
 * one "onto itself".
 */
export function makeIndex(path: string, caseSensitive: boolean): void {
  let low = FIRST_SEED;
  let high = SECOND_SEED;
  for (let index = 0; index < path.length; index += 1) {
    const unit = path.charCodeAt(index);
    const folded = caseSensitive ? unit : upcaseUnit(unit);
    low = Math.imul(low ^ folded, PRIME);
    high = Math.imul(high ^ (folded + index), PRIME);
  }
  madeIndex[0] = low;
  // Never 0, and never -1, which stands for "none".
  madeIndex[1] = (high & 0x7fff_ffff) | 1;
}
