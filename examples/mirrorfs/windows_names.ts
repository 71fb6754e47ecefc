import { randomUUID } from 'node:crypto';
import { DokanError, NtStatus, type FindEntry } from 'node-dokan';
import { childPath } from './paths.js';

/** Begins the names of files that are deleted but still open, where NT cannot do without a name. */
const ASIDE = '.node-dokan-deleted-';
const FOLDED_ASIDE = fold(ASIDE);

export interface WindowsNamesOptions {
  /** A colon introduces a stream. */
  altStreams: boolean;
  /** A path that the volume does not show; see `MirrorOptions.hide`. */
  hide: string | undefined;
  /** What tells the files of the directory apart, whatever name they go by; undefined: no such file. */
  identityOf: (path: string) => number | bigint | undefined;
}

/** Between the paths of the volume and those of the mirrored directory. */
export class WindowsNames {
  readonly #altStreams: boolean;
  readonly #hide: string | undefined;
  readonly #foldedHide: string | undefined;
  readonly #identityOf: (path: string) => number | bigint | undefined;
  /** Other mirrors, of this process or not, may show the same directory. */
  readonly #aside = `${ASIDE}${randomUUID()}-`;
  #asideCount = 0;

  constructor({ altStreams, hide, identityOf }: WindowsNamesOptions) {
    this.#altStreams = altStreams;
    this.#hide = hide;
    this.#foldedHide = hide === undefined ? undefined : fold(hide);
    this.#identityOf = identityOf;
  }

  /**
   * The path of an absolute path relative to the directory.
   * @throws DokanError OBJECT_NAME_NOT_FOUND for what the volume does not show
   */
  toBacking(path: string): string {
    const inner = path.slice(1);
    // To NT it would be a stream's.
    if (!this.#altStreams && inner.includes(':')) {
      throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
    }
    if (this.#isHidden(inner) || this.#isHiddenByShortName(inner)) {
      throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    }
    return inner;
  }

  /** The entries of a directory that the volume shows. */
  *visible(directory: string, entries: Iterable<FindEntry>): Generator<FindEntry> {
    const parent = this.#hide === undefined ? '' : dirname(this.#hide);
    const isParent = this.#isSame(directory, parent);
    for (const entry of entries) {
      if (!this.#isHidden(childPath(isParent ? parent : directory, entry.name))) yield entry;
    }
  }

  /** A name in the root for a file that is deleted and still open. */
  nextAside(): string {
    this.#asideCount += 1;
    return `${this.#aside}${this.#asideCount}`;
  }

  #isHidden(path: string): boolean {
    if (path.startsWith('.') && fold(path.slice(0, ASIDE.length)) === FOLDED_ASIDE) return true;
    const hide = this.#foldedHide;
    if (hide === undefined || path.length < hide.length) return false;
    // What is below it, and its streams.
    const next = path.charAt(hide.length);
    if (next !== '' && next !== '/' && next !== ':') return false;
    return fold(path.slice(0, hide.length)) === hide;
  }

  /** As `MOUNT-~1`, which NT may have for any of its components. */
  #isHiddenByShortName(path: string): boolean {
    if (this.#hide === undefined || !path.includes('~')) return false;
    const components = path.split('/');
    const depth = this.#hide.split('/').length;
    const prefix = components.slice(0, depth).join('/').replace(/:.*/, '');
    return components.length >= depth && this.#isSame(prefix, this.#hide);
  }

  /** The same directory by its short name. All that has none is told apart by its name alone. */
  #isSame(path: string, directory: string): boolean {
    if (!path.includes('~')) return false;
    const identity = this.#identityOf(path);
    return identity !== undefined && identity === this.#identityOf(directory);
  }
}

function dirname(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/**
 * For comparing names as NT does, unit by unit: to it, `ß` is no two letters. A few letters that
 * only look alike are one to us, but not to NT. Hidden is rather too much than too little.
 */
function fold(text: string): string {
  let folded = '';
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charAt(index);
    const capital = oneUnit(unit.toUpperCase(), unit);
    // And back, as some letters have two units for a capital, which itself is one unit to NT: `ᾳ`.
    folded += oneUnit(capital.toLowerCase(), capital);
  }
  return folded;
}

function oneUnit(folded: string, unit: string): string {
  return folded.length === 1 ? folded : unit;
}
