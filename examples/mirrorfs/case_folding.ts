import type { BackingStore } from './backing_store.js';
import { isMissing } from './failure.js';
import { childPath } from './paths.js';

/** Finds files by names that differ in case, in a store where such names are different. */
export class CaseFolding {
  readonly #store: BackingStore;

  constructor(store: BackingStore) {
    this.#store = store;
  }

  /** The path as the store spells it, as far as it is there; the rest stays as it is. */
  resolve(path: string): string {
    if (path === '' || this.#exists(path)) return path;
    let found = '';
    for (const name of path.split('/')) found = childPath(found, this.#spelling(found, name));
    return found;
  }

  #spelling(directory: string, name: string): string {
    const names = this.#names(directory);
    if (names.includes(name)) return name;
    return names.find((candidate) => isSameName(candidate, name)) ?? name;
  }

  #names(directory: string): readonly string[] {
    try {
      return this.#store.list(directory, undefined);
    } catch {
      // Whoever uses the path finds out what is wrong with it.
      return [];
    }
  }

  #exists(path: string): boolean {
    try {
      this.#store.inspect(path);
      return true;
    } catch (error) {
      return !isMissing(error);
    }
  }
}

/** By upper case, as on NTFS, where each letter has one: `ß` is not `SS`. */
function isSameName(one: string, other: string): boolean {
  return one.length === other.length && one.toUpperCase() === other.toUpperCase();
}
