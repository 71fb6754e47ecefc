import type { FindEntry } from '../../operations.js';
import { Change, type DirectoryHandle } from './handles.js';
import { KeptListing } from './kept_listing.js';
import type { Node } from './node.js';
import { OpenReply } from './protocol.js';

/** Names remembered of all directories together: 8 bytes each, and the text of those that nothing else has. */
const MOST_NAMES = 2 ** 20;

/**
 * The part of its lifetime in which a listing is served to further opens. Names and attributes come
 * with a listing: who lists and looks at every file finds them still good, and they are renewed, all
 * with one listing, before each of them has to be asked for.
 */
const SERVED_PART = 0.5;

/** Milliseconds until a notification that could not be sent is tried again. */
const RETRY_TIME = 50;

/** The longest delay of a timer, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Lets the kernel keep listings (FOPEN_CACHE_DIR), and sees to it that none is served when it is older
 * than names may be.
 *
 * The kernel keeps what one open lists from beginning to end, and serves it to those who have the
 * directory open and begin to read. It drops it by itself at changes it makes, when the time of the
 * directory's last change is another one, when an open is answered without FOPEN_KEEP_CACHE, and when
 * told to. Age it knows nothing of: so an open may keep it only while it is young, and of directories
 * that stay open it is taken away in time.
 */
export class ListingCache {
  readonly #lifetime: number;
  readonly #invalidate: (node: Node) => boolean;
  readonly #mostNames: number;
  /** What the kernel may have as a whole, the oldest first. */
  readonly #filled = new Set<KeptListing>();
  #names = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #wakeAt = Infinity;
  #isOver = false;

  /**
   * @param lifetime - milliseconds a listing may be served, counted from its beginning
   * @param invalidate - tells the kernel to drop what it keeps of a node; false when it was not told
   * @param mostNames - remembered of all directories together
   */
  constructor(
    lifetime: number,
    invalidate: (node: Node) => boolean,
    mostNames: number = MOST_NAMES,
  ) {
    this.#lifetime = lifetime;
    this.#invalidate = invalidate;
    this.#mostNames = mostNames;
  }

  /** A directory is opened. @returns flags for the reply (FOPEN_*) */
  open(handle: DirectoryHandle): number {
    const { node } = handle;
    const kept = (node.kept ??= new KeptListing(node));
    // Neither adds to it nor is served from it, and leaves it to its holder.
    if (kept.holder !== undefined) return OpenReply.KEEP_CACHE;
    kept.holder = handle;
    handle.kept = kept;
    const { begun, names } = kept;
    const lifetime = this.#lifetime;
    if (names !== undefined && performance.now() < begun + lifetime * SERVED_PART) {
      handle.served = names;
      this.#wake(begun + lifetime);
      return OpenReply.CACHE_DIR | OpenReply.KEEP_CACHE;
    }
    this.#drop(kept);
    kept.restart();
    return OpenReply.CACHE_DIR;
  }

  /** The kernel has let go of an open. */
  close(handle: DirectoryHandle): void {
    const { kept } = handle;
    if (kept === undefined) return;
    handle.kept = undefined;
    kept.holder = undefined;
    if (kept.names === undefined) this.#drop(kept);
  }

  /** The file system is about to be asked for a listing. */
  begin(handle: DirectoryHandle): void {
    const { kept } = handle;
    if (kept === undefined) return;
    handle.begun = performance.now();
    handle.positions = kept.nextPositions();
    handle.change = Change.NONE;
    handle.isTold = false;
  }

  /** The kernel is about to be told that a listing ends: from now on it may serve it. */
  told(handle: DirectoryHandle): void {
    const { kept } = handle;
    if (kept === undefined || handle.isTold) return;
    handle.isTold = true;
    this.#distrust(kept);
    const isOutdated = handle.change === Change.UNSEEN || handle.skipped !== undefined;
    kept.begun = isOutdated ? -Infinity : handle.begun;
    // Others are of an open that has listed before: should the kernel not have dropped what that left,
    // it keeps none of them, and shows so by asking again and again.
    const isFirst = handle.positions === 0;
    if (isFirst && handle.complete && handle.change === Change.NONE) {
      kept.names = handle.entries.map(nameOf);
      this.#names += kept.names.length;
    }
    this.#filled.delete(kept);
    this.#filled.add(kept);
    this.#limit();
    this.#wake(kept.begun + this.#lifetime);
  }

  /**
   * Names in a directory have changed: what was listed before is not what is there.
   * @param change - whether the kernel sees it by itself
   */
  changed(node: Node, change: Change): void {
    const { kept } = node;
    if (kept === undefined) return;
    this.#distrust(kept);
    const { holder } = kept;
    if (holder === undefined) this.#drop(kept);
    else if (holder.change < change) holder.change = change;
  }

  /** As UNSEEN, and nobody else tells the kernel. */
  changedUnseen(node: Node): void {
    const { kept } = node;
    this.changed(node, Change.UNSEEN);
    if (kept?.holder?.isTold !== true) return;
    kept.begun = -Infinity;
    this.#wake(0);
  }

  /** The connection is over. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#filled.clear();
  }

  /** No further open is served from it. */
  #distrust(kept: KeptListing): void {
    this.#names -= kept.names?.length ?? 0;
    kept.names = undefined;
  }

  /** The kernel does not have it any more, or will not when somebody can ask for it. */
  #drop(kept: KeptListing): void {
    this.#distrust(kept);
    this.#filled.delete(kept);
    if (kept.holder === undefined) kept.node.kept = undefined;
  }

  #limit(): void {
    for (const kept of this.#filled) {
      if (this.#names <= this.#mostNames) return;
      if (kept.holder === undefined) this.#drop(kept);
      else this.#distrust(kept);
    }
  }

  /** One timer for all: it is there only while something is kept, and no listing has to start its own. */
  #wake(at: number): void {
    if (at >= this.#wakeAt || this.#isOver) return;
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    const delay = Math.ceil(at - performance.now());
    const run = (): void => this.#sweep();
    this.#timer = setTimeout(run, Math.min(Math.max(delay, 0), LONGEST_DELAY)).unref();
  }

  /** Takes away what has become too old: who has the directory open could still begin anew. */
  #sweep(): void {
    this.#wakeAt = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const kept of this.#filled) {
      const due = kept.begun + this.#lifetime;
      if (due > now) {
        // What nobody has open is only memory: there is no hurry.
        next = Math.min(next, kept.holder === undefined ? now + this.#lifetime : due);
      } else if (kept.holder === undefined || this.#invalidate(kept.node)) {
        this.#drop(kept);
      } else {
        this.#distrust(kept);
        next = Math.min(next, now + RETRY_TIME);
      }
    }
    this.#wake(next);
  }
}

function nameOf({ name }: FindEntry): string {
  return name;
}
