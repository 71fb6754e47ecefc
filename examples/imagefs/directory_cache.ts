import { DokanError, NtStatus } from 'node-dokan';
import { FixedRoot, type Storage } from './chain.js';
import type { Disk } from './disk.js';
import { Directory } from './directory.js';
import type { Entry } from './entry.js';

/** Entries of all directories together that are kept: some 30 MB. */
const MOST_ENTRIES = 100_000;
/** What a directory itself counts as. */
const DIRECTORY_COST = 8;

/** The directories that were read, as many as there is room for. */
export class DirectoryCache {
  readonly #disk: Disk;
  /** In the order of their last use. */
  readonly #known = new Set<Directory>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** The contents of a directory. */
  contents(entry: Entry): Directory {
    const known = entry.contents;
    if (known !== undefined) {
      this.#known.delete(known);
      this.#known.add(known);
      return known;
    }
    const storage = this.#storage(entry);
    // Before there is made room: it must not be made by forgetting the directory above.
    if (entry.directory !== undefined) entry.directory.holds += 1;
    try {
      this.#makeRoom();
      entry.contents = new Directory(this.#disk, entry, storage);
    } catch (error) {
      if (entry.directory !== undefined) entry.directory.holds -= 1;
      throw error;
    }
    const directory = entry.contents;
    this.#known.add(directory);
    return directory;
  }

  /** A directory is deleted, or not to be kept. */
  drop(entry: Entry): void {
    const { contents, directory } = entry;
    if (contents === undefined) return;
    this.#known.delete(contents);
    entry.contents = undefined;
    if (directory !== undefined) directory.holds -= 1;
  }

  #storage(entry: Entry): Storage {
    const { geometry } = this.#disk;
    if (entry.isRoot && geometry.kind !== 'FAT32') return new FixedRoot(geometry);
    const chain = this.#disk.chainOf(entry);
    // Each directory begins with two records.
    if (chain.clusters === 0 || this.#isElsewhere(entry)) {
      throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    }
    return chain;
  }

  /**
   * Whether its clusters are those of another directory, as the one above: each of the two would
   * write over what the other one has.
   */
  #isElsewhere(entry: Entry): boolean {
    for (const { entry: other } of this.#known) {
      if (other === entry || other.isRemoved) continue;
      if (other.record.firstCluster === entry.record.firstCluster) return true;
    }
    return false;
  }

  /** Those that were not used for the longest time go first; one that holds something in use stays. */
  #makeRoom(): void {
    let entries = 0;
    for (const { count } of this.#known) entries += count + DIRECTORY_COST;
    for (const directory of this.#known) {
      if (entries <= MOST_ENTRIES) return;
      if (directory.holds > 0 || directory.entry.isRoot) continue;
      entries -= directory.count + DIRECTORY_COST;
      this.drop(directory.entry);
    }
  }
}
