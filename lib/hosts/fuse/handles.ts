import type { FindEntry } from '../../operations.js';
import type { Listing } from '../../listing.js';
import type { Open } from '../../target.js';
import { ioOf, isReadable, isWritable } from './access.js';
import { fuseError } from './fuse_error.js';
import type { Node } from './nodes.js';
import { Errno } from './protocol.js';

/** An open that serves several handles: it ends with the last of them. */
export interface SharedOpen {
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
  readonly readable: boolean;
  readonly writable: boolean;
  /** Of the `io` parameter of reads and writes: what stays the same for the open. */
  readonly io: number;
  shared: SharedOpen | undefined = undefined;

  constructor(open: Open, node: Node, named: Node, flags: number) {
    this.open = open;
    this.node = node;
    this.named = named;
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

/** An open directory: its listing, kept as far as it was read, so that telldir and seekdir hold. */
export class DirectoryHandle {
  /** `undefined` for a directory that is removed: it is empty, and there is nothing to open. */
  readonly open: Open | undefined;
  readonly node: Node;
  listing: Listing<FindEntry> | undefined = undefined;
  entries: FindEntry[] = [];
  /** Everything is in `entries`. */
  complete = false;

  constructor(open: Open | undefined, node: Node) {
    this.open = open;
    this.node = node;
  }

  /** The next reading starts over with what is there then (rewinddir). */
  rewind(): void {
    this.listing?.close();
    this.listing = undefined;
    this.entries = [];
    this.complete = false;
  }
}

/** Handles by number; a number is used again only after its release. */
export class HandleTable<T> {
  readonly #handles: (T | undefined)[] = [undefined];
  readonly #free: number[] = [];

  add(handle: T): number {
    const number = this.#free.pop() ?? this.#handles.length;
    this.#handles[number] = handle;
    return number;
  }

  /** @throws FuseError EBADF for a number that is not in use */
  get(number: number): T {
    const handle = this.#handles[number];
    if (handle === undefined) throw fuseError(Errno.EBADF);
    return handle;
  }

  find(number: number): T | undefined {
    return this.#handles[number];
  }

  /** The first that is wanted; looks at all of them. */
  search(wanted: (handle: T) => boolean): T | undefined {
    return this.#handles.find((handle) => handle !== undefined && wanted(handle));
  }

  *[Symbol.iterator](): Generator<T> {
    for (const handle of this.#handles) if (handle !== undefined) yield handle;
  }

  remove(number: number): T | undefined {
    const handle = this.#handles[number];
    if (handle !== undefined) {
      this.#handles[number] = undefined;
      this.#free.push(number);
    }
    return handle;
  }
}
