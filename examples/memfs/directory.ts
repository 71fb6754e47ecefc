import { DokanError, FileAttributes, FileMode, NtStatus, type FindEntry } from 'node-dokan';
import { now } from './clock.js';
import { Entry } from './entry.js';
import { checkName, type KeyOf } from './names.js';
import { Node, type Ownership } from './node.js';
import type { Space } from './space.js';

/** What a name takes. All take the same: so a rename fits however full the volume is. */
const ENTRY_COST = 128;

export class DirectoryNode extends Node {
  readonly type = FileMode.DIRECTORY;
  readonly kindAttributes = FileAttributes.DIRECTORY;
  readonly size = 0;
  readonly allocated = 0;
  /** Undefined for the root and for a directory that has lost its name. */
  parent: DirectoryNode | undefined = undefined;
  /** A Map keeps the order of insertion, and may be changed while it is listed. */
  readonly #entries = new Map<string, Entry>();
  readonly #keyOf: KeyOf;
  #subdirectories = 0;
  #sequence = 0;

  constructor(space: Space, ownership: Ownership, keyOf: KeyOf) {
    super(space, ownership);
    this.#keyOf = keyOf;
  }

  /** Its name, its `.`, and the `..` of each directory in it. */
  override get linkCount(): number {
    return this.links === 0 ? 0 : 2 + this.#subdirectories;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(name: string): Node | undefined {
    return this.#entries.get(this.#keyOf(name))?.node;
  }

  isSameName(name: string, other: string): boolean {
    return this.#keyOf(name) === this.#keyOf(other);
  }

  /**
   * Gives a node a name that is not taken.
   * @throws DokanError DISK_FULL, NAME_TOO_LONG, OBJECT_NAME_INVALID
   */
  add(name: string, node: Node): void {
    checkName(name);
    this.space.take(ENTRY_COST);
    const time = now();
    this.#take(node, time);
    this.#sequence += 1;
    this.#entries.set(this.#keyOf(name), new Entry(name, node, this.#sequence));
    this.written(time);
  }

  /** Takes a name away; the node is destroyed when nothing else holds it. */
  remove(name: string): void {
    const key = this.#keyOf(name);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.space.give(ENTRY_COST);
    const time = now();
    this.#letGo(entry.node, time);
    this.written(time);
  }

  /** Lets a name stand for another node, with no moment in which it is missing. */
  replace(name: string, node: Node): void {
    const key = this.#keyOf(name);
    const old = this.#entries.get(key);
    if (old === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    // Taken before the old node is let go: it may be held by nothing else.
    const time = now();
    this.#take(node, time);
    this.#entries.set(key, new Entry(name, node, old.sequence));
    this.#letGo(old.node, time);
    this.written(time);
  }

  /**
   * Every entry there is at the start and not gone when its turn comes. Names added meanwhile are
   * left out, so that renaming what is listed does not go on for ever.
   */
  list(): IterableIterator<FindEntry> {
    return new EntryIterator(this.#entries.values(), this.#sequence);
  }

  #take(node: Node, time: bigint): void {
    node.links += 1;
    node.changed(time);
    if (node instanceof DirectoryNode) {
      this.#subdirectories += 1;
      node.parent = this;
    }
  }

  #letGo(node: Node, time: bigint): void {
    node.links -= 1;
    node.changed(time);
    if (node instanceof DirectoryNode) {
      this.#subdirectories -= 1;
      if (node.links === 0) node.parent = undefined;
    }
    node.destroyIfUnused();
  }
}

/** Written out, because a generator would take longer than all the rest of a listing. */
class EntryIterator implements IterableIterator<FindEntry> {
  readonly #entries: Iterator<Entry, undefined>;
  readonly #last: number;

  /** @param last - where the listing ends */
  constructor(entries: Iterator<Entry, undefined>, last: number) {
    this.#entries = entries;
    this.#last = last;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Entry, undefined> {
    const step = this.#entries.next();
    return step.done !== true && step.value.sequence > this.#last ? END : step;
  }
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };
