import type { DirectoryHandle } from './handles.js';
import type { Node } from './node.js';

/**
 * Positions in a listing: a number of this many for each listing of a directory, so that no two of
 * them have one in common. The kernel adds to what it keeps whatever goes on at the position where
 * that ends, whichever listing it is of.
 */
export const POSITIONS = 2 ** 28;

/** Listings with positions of their own: what is above 2^53 would not be exact. */
const MOST_LISTINGS = 2 ** 25;

/** What the kernel may keep of the names in one directory, as far as the host can know. */
export class KeptListing {
  readonly node: Node;
  /** The one open that lets the kernel keep what it lists: two could be mixed. */
  holder: DirectoryHandle | undefined = undefined;
  /** When the listing began that it keeps, as performance.now() has it. */
  begun = 0;
  /** The names in it, in their order, while the next open may be served from it. */
  names: readonly string[] | undefined = undefined;
  #listings = 0;

  constructor(node: Node) {
    this.node = node;
  }

  /** The kernel drops its pages: nothing that it has kept so far can be gone on with. */
  restart(): void {
    this.#listings = 0;
  }

  /** A further listing begins. @returns its first position */
  nextPositions(): number {
    const number = this.#listings;
    // 0 is that of the listing which others may be served from.
    this.#listings = number === MOST_LISTINGS - 1 ? 1 : number + 1;
    return number * POSITIONS;
  }
}
