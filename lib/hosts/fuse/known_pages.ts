import { POSITIONS } from './kept_listing.js';

/** Bytes remembered of all directories together: those of some 100,000 names. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Shorter pages are written as quickly as they are found. */
const FEWEST_NAMES = 32;

/** What a page takes for a name, beside the bytes of its entry: the reference to it. */
const REFERENCE = 8;

/** A power of two: pages that may be asked for again before they are forgotten. */
const CANDIDATES = 1024;

/** The entries of one reply to READDIR, as they were written. */
export interface Page {
  readonly node: number;
  /** Where in the listing it begins. */
  readonly offset: number;
  readonly names: readonly string[];
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * What was written for directories that are listed again and again: an entry that is what it was last
 * time need not be written anew. Whether it is, the entry itself must tell: so nothing that is kept
 * here can be wrong, only of no use.
 */
export class KnownPages {
  /** By node and offset, the oldest first. */
  readonly #pages = new Map<number, Page>();
  /** Pages that were asked for in vain: what is not asked for again is not worth keeping. */
  readonly #candidates = new Float64Array(CANDIDATES);
  readonly #mostBytes: number;
  #size = 0;

  constructor(mostBytes: number = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes kept. */
  get size(): number {
    return this.#size;
  }

  find(node: number, offset: number): Page | undefined {
    const page = this.#pages.get(keyOf(node, offset));
    // Of very high numbers the keys are not exact.
    return page?.node === node && page.offset === offset ? page : undefined;
  }

  /** Whether a page that was not found, or not of use, is to be kept when it is written. */
  isWanted(node: number, offset: number): boolean {
    const key = keyOf(node, offset);
    if (this.#pages.has(key)) return true;
    const slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(offset, 0x85ebca6b)) >>> 22;
    if (this.#candidates[slot] === key) return true;
    this.#candidates[slot] = key;
    return false;
  }

  /** @param entries - which are copied, of as many names */
  keep(node: number, offset: number, names: readonly string[], entries: Uint8Array): void {
    const key = keyOf(node, offset);
    const old = this.#pages.get(key);
    if (old !== undefined) this.#drop(key, old);
    if (names.length < FEWEST_NAMES) return;
    const bytes = Buffer.allocUnsafeSlow(entries.length);
    bytes.set(entries);
    const page = { node, offset, names, bytes, view: new DataView(bytes.buffer) };
    this.#pages.set(key, page);
    this.#size += sizeOf(page);
    for (const [oldest, longest] of this.#pages) {
      if (this.#size <= this.#mostBytes) return;
      this.#drop(oldest, longest);
    }
  }

  #drop(key: number, page: Page): void {
    this.#pages.delete(key);
    this.#size -= sizeOf(page);
  }
}

function keyOf(node: number, offset: number): number {
  return node * POSITIONS + offset;
}

function sizeOf({ bytes, names }: Page): number {
  return bytes.length + names.length * REFERENCE;
}
