import type { FindEntry } from '../../operations.js';
import type { Listing } from '../../listing.js';
import type { Open } from '../../target.js';
import { ioOf, isReadable, isWritable } from './access.js';
import { DOT_ENTRIES } from './dirents.js';
import { fuseError } from './fuse_error.js';
import { POSITIONS, type KeptListing } from './kept_listing.js';
import type { SeenFile } from './kept_pages.js';
import type { Node } from './nodes.js';
import { Errno } from './protocol.js';
import { Slots } from './slots.js';

/** In place of a handle's number: there is none. */
export const NO_HANDLE = 0;

/** An open that serves several handles: it ends with the last of them. */
export interface SharedOpen {
  holders: number;
}

/** A file the kernel reads and writes itself for opens of one node: held as long as there are any. */
export interface PassedFile {
  /** The kernel's number for it. */
  readonly id: number;
  holders: number;
}

/** An open file, as the kernel names it by its handle. */
export class FileHandle {
  readonly open: Open;
  /** What the kernel opened. */
  readonly node: Node;
  /**
   * Whose path the open goes by: another node's when the one the kernel had found was replaced
   * before it could be opened.
   */
  readonly named: Node;
  /**
   * It is of another file than its node: that was replaced before it could be opened. What the kernel
   * caches of the node, size and pages, is not of this one.
   */
  readonly isOfOther: boolean;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Of the `io` parameter of reads and writes: what stays the same for the open. */
  readonly io: number;
  shared: SharedOpen | undefined = undefined;
  /** Among the opens of its node, kept by the node table. */
  position = -1;
  /** What the kernel was told to read and write for its node. */
  passed: PassedFile | undefined = undefined;
  /** It has the kernel drop the pages that go by this. */
  drops: SeenFile | undefined = undefined;
  /** The device answers its reads and writes. */
  isServedBelow = false;

  constructor(open: Open, node: Node, named: Node, flags: number, isOfOther = false) {
    this.open = open;
    this.node = node;
    this.named = named;
    this.isOfOther = isOfOther;
    this.readable = isReadable(flags);
    this.writable = isWritable(flags);
    this.io = ioOf(flags);
  }

  /** One more handle holds the same open. */
  share(): SharedOpen {
    this.shared ??= { holders: 1 };
    this.shared.holders += 1;
    return this.shared;
  }

  /** @returns true when nobody else holds the open, which then ends */
  letGo(): boolean {
    if (this.shared === undefined) return true;
    this.shared.holders -= 1;
    return this.shared.holders === 0;
  }
}

/** What has become of the names in a directory since its listing began. */
export const Change = {
  NONE: 0,
  /** The kernel knows of it. */
  SEEN: 1,
  /** Somebody changed them behind the kernel's back. */
  UNSEEN: 2,
} as const;

export type Change = (typeof Change)[keyof typeof Change];

/** An open directory: its listing, kept as far as it was read, so that telldir and seekdir hold. */
export class DirectoryHandle {
  /** `undefined` for a directory that is removed: it is empty, and there is nothing to open. */
  readonly open: Open | undefined;
  readonly node: Node;
  listing: Listing<FindEntry> | undefined = undefined;
  entries: FindEntry[] = [];
  /** Everything is in `entries`. */
  complete = false;
  /** What the kernel may keep of the directory, for the open that fills it and may be served from it. */
  kept: KeptListing | undefined = undefined;
  /** The names in the listing of another open that this one is served from, until it lists itself. */
  served: readonly string[] | undefined = undefined;
  /** Names it was served before it had to go on by a listing of its own. */
  skipped: ReadonlySet<string> | undefined = undefined;
  /** The first position of its listing. */
  positions = 0;
  /** When its listing began, as performance.now() has it. */
  begun = 0;
  /** The same as `changes` of the node table. */
  asOf = 0;
  change: Change = Change.NONE;
  /** The kernel was told that the listing ends. */
  isTold = false;
  /** Of some entries no more was looked at than READDIR tells. */
  hasUnread = false;
  /** Its names can be written together, as far as is known. */
  isPlain = true;

  constructor(open: Open | undefined, node: Node) {
    this.open = open;
    this.node = node;
  }

  /**
   * Where in the listing a position is, which becomes the present one of the directory where none
   * was read yet.
   * @param position - the kernel's: 0 or what stood with some entry
   */
  locate(position: number): number {
    const { served } = this;
    if (position === 0) {
      // rewinddir(3) must show what is there now; the first reading finds nothing to forget.
      this.rewind();
      this.served = undefined;
      return 0;
    }
    if (served !== undefined && position < POSITIONS) return this.#leaveServed(served, position);
    const index = position - this.positions;
    return index < 0 ? position % POSITIONS : index;
  }

  /** The kernel has dropped the listing it served so far: the rest is what that had not come to. */
  #leaveServed(names: readonly string[], index: number): number {
    const { length } = DOT_ENTRIES;
    this.rewind();
    this.skipped = new Set(names.slice(0, Math.max(0, index - length)));
    return Math.min(index, length);
  }

  /** The next reading starts over with what is there then (rewinddir). */
  rewind(): void {
    this.listing?.close();
    this.listing = undefined;
    this.entries = [];
    this.skipped = undefined;
    this.complete = false;
    this.hasUnread = false;
  }
}

/** Handles by number; a number is used again only after its release. */
export class HandleTable<T extends object> {
  readonly #handles = new Slots<T>();

  add(handle: T): number {
    return this.#handles.add(handle);
  }

  /** @throws FuseError EBADF for a number that is not in use */
  get(number: number): T {
    const handle = this.#handles.get(number);
    if (handle === undefined) throw fuseError(Errno.EBADF);
    return handle;
  }

  find(number: number): T | undefined {
    return this.#handles.get(number);
  }

  /** The first that is wanted; looks at all of them. */
  search(wanted: (handle: T) => boolean): T | undefined {
    for (const handle of this.#handles) if (wanted(handle)) return handle;
    return undefined;
  }

  [Symbol.iterator](): Generator<T> {
    return this.#handles[Symbol.iterator]();
  }

  remove(number: number): T | undefined {
    return this.#handles.remove(number);
  }
}
