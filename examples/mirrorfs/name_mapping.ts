import { DokanError, NtStatus } from 'node-dokan';
import type { BackingStore } from './backing_store.js';
import { CaseFolding } from './case_folding.js';
import { childPath } from './paths.js';

/**
 * Where a path may name a stream, a colon in a name travels as this: the mapping that WSL and
 * Cygwin use for what Windows forbids in names.
 */
const MAPPED_COLON = '\uf03a';

const NOT_FOUND = new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);

export interface NameMappingOptions {
  /** Names of the directory may hold colons, paths of the volume hold streams. */
  mapColons: boolean;
  caseSensitive: boolean;
  /** A path of the backing store that the volume does not show; see `MirrorOptions.hide`. */
  hide: string | undefined;
}

/** Between the paths of the volume and those of the backing store. */
export class NameMapping {
  readonly #mapColons: boolean;
  readonly #hide: string | undefined;
  readonly #folding: CaseFolding | undefined;

  constructor(store: BackingStore, options: NameMappingOptions) {
    this.#mapColons = options.mapColons;
    this.#hide = options.hide;
    if (!options.caseSensitive) this.#folding = new CaseFolding(store);
  }

  /**
   * The backing store's path of an absolute path (without stream).
   * @throws DokanError OBJECT_NAME_NOT_FOUND for what the volume does not show
   */
  toBacking(path: string): string {
    let inner = path.slice(1);
    if (this.#mapColons) inner = this.toBackingName(inner);
    if (this.#folding !== undefined) inner = this.#folding.resolve(inner);
    if (this.#hide !== undefined && isWithin(inner, this.#hide)) throw NOT_FOUND;
    return inner;
  }

  /** The same for a name that is to be made: its own spelling counts, not that of a similar name. */
  toBackingForRename(path: string, from: string): string {
    const found = this.toBacking(path);
    // A file that is renamed to its own name in another case is not in its own way.
    return found === from ? this.#respell(found, path) : found;
  }

  #respell(found: string, path: string): string {
    const name = this.toBackingName(path.slice(path.lastIndexOf('/') + 1));
    return found.slice(0, found.lastIndexOf('/') + 1) + name;
  }

  toBackingName(name: string): string {
    return name.includes(MAPPED_COLON) ? name.replaceAll(MAPPED_COLON, ':') : name;
  }

  /** A name in a directory as the volume shows it; `undefined` when it does not. */
  toVolume(directory: string, name: string): string | undefined {
    if (this.#hide !== undefined && childPath(directory, name) === this.#hide) return undefined;
    return this.toVolumeName(name);
  }

  /** A name of a file or stream as the volume shows it; `undefined` when it does not. */
  toVolumeName(name: string): string | undefined {
    if (!this.#mapColons) return name;
    // It would come back as a colon, which is another name.
    if (name.includes(MAPPED_COLON)) return undefined;
    return name.includes(':') ? name.replaceAll(':', MAPPED_COLON) : name;
  }
}

function isWithin(path: string, directory: string): boolean {
  return (
    path.startsWith(directory) &&
    (path.length === directory.length || path[directory.length] === '/')
  );
}
