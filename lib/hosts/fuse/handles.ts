import type { FindEntry } from '../../operations.js';
import type { Listing } from '../../listing.js';
import type { Open } from '../../target.js';
import { fuseError } from './fuse_error.js';
import type { Node } from './nodes.js';
import { Errno } from './protocol.js';

/** An open file, as the kernel names it by its handle. */
export class FileHandle {
  readonly open: Open;
  readonly node: Node;
  readonly writable: boolean;
  readonly append: boolean;
  /** Of the `io` parameter of reads and writes: what stays the same for the open. */
  readonly io: number;

  constructor(open: Open, node: Node, writable: boolean, append: boolean, io: number) {
    this.open = open;
    this.node = node;
    this.writable = writable;
    this.append = append;
    this.io = io;
  }
}

/** An open directory: its listing, kept as far as it was read, so that telldir and seekdir hold. */
export class DirectoryHandle {
  readonly open: Open;
  readonly node: Node;
  listing: Listing<FindEntry> | undefined = undefined;
  entries: FindEntry[] = [];
  /** Everything is in `entries`. */
  complete = false;

  constructor(open: Open, node: Node) {
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

  remove(number: number): T | undefined {
    const handle = this.#handles[number];
    if (handle !== undefined) {
      this.#handles[number] = undefined;
      this.#free.push(number);
    }
    return handle;
  }
}
