import type { Chain } from './chain.js';
import type { Directory } from './directory.js';
import { Record } from './record.js';

/** A file or directory, as long as it is known: one object, however often it is open. */
export class Entry {
  name: string;
  /** Undefined for the root, which no directory has a record of. */
  directory: Directory | undefined;
  readonly record: Record;
  /** Number of its record in the directory, and how many records of its name are before it. */
  slot: number;
  nameSlots: number;
  opens = 0;
  /** It has no name any more; its clusters are freed when nobody has it open. */
  isRemoved = false;
  /** Its clusters, once they were asked for. */
  chain: Chain | undefined = undefined;
  /** What it holds, being a directory, while that is known. */
  contents: Directory | undefined = undefined;

  constructor(
    name: string,
    record: Record,
    directory: Directory | undefined,
    slot = 0,
    nameSlots = 0,
  ) {
    this.name = name;
    this.record = record;
    this.directory = directory;
    this.slot = slot;
    this.nameSlots = nameSlots;
  }

  get isRoot(): boolean {
    return this.directory === undefined && !this.isRemoved;
  }

  get isDirectory(): boolean {
    return this.record.isDirectory;
  }

  /** How many reasons its directory has to keep it as the object it is. */
  get holds(): number {
    return this.opens + (this.contents === undefined ? 0 : 1);
  }

  path(): string {
    let path = `/${this.name}`;
    for (let above = this.directory?.entry; above?.directory; above = above.directory.entry) {
      path = `/${above.name}${path}`;
    }
    return path;
  }
}
