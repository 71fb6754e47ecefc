import { nameKey } from './names.js';
import { RangeLocks } from './range_locks.js';
import type { DataSection } from './data_section.js';
import { ShareCounts } from './share_counts.js';

/** What all opens of one file have in common: the driver's file control block. */
export class FileControl {
  /** As the first open spelled it: later opens are passed on under this name. */
  name: string;
  isDirectory = false;
  /** The cleanup of the last handle deletes; nobody can open the file until then. */
  deletePending = false;
  /** Opens that have had no close, those being created included. */
  openCount = 0;
  /** Opens that have had no cleanup. */
  uncleanCount = 0;
  /** Another file was renamed to this name: the handles live on, the name is not theirs any more. */
  isReplaced = false;
  readonly sharing = new ShareCounts();
  readonly locks = new RangeLocks();
  /** The mapped pages, while there is a section or what is left of one. */
  section: DataSection | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

/** The files that are open, by name. */
export class FileTable {
  readonly #files = new Map<string, FileControl>();
  readonly #caseSensitive: boolean;

  constructor(caseSensitive: boolean) {
    this.#caseSensitive = caseSensitive;
  }

  /** The open file of that name. */
  find(name: string): FileControl | undefined {
    return this.#files.get(this.#key(name));
  }

  /** The file of a new open, which has to be given back by `release`. */
  acquire(name: string): FileControl {
    const key = this.#key(name);
    let file = this.#files.get(key);
    if (file === undefined) this.#files.set(key, (file = new FileControl(name)));
    file.openCount += 1;
    return file;
  }

  /** An open is gone. */
  release(file: FileControl): void {
    file.openCount -= 1;
    if (file.openCount === 0 && !file.isReplaced) this.#files.delete(this.#key(file.name));
  }

  /**
   * A file has got a new name. An open file that had it before loses it. Files opened below a
   * directory keep the names they were opened by: so does Dokan, which NTFS never would.
   */
  rename(file: FileControl, name: string): void {
    if (!file.isReplaced) this.#files.delete(this.#key(file.name));
    const replaced = this.find(name);
    if (replaced !== undefined) replaced.isReplaced = true;
    file.name = name;
    file.isReplaced = false;
    this.#files.set(this.#key(name), file);
  }

  /** A file with handles that lies below a directory. */
  openBelow(directory: string): FileControl | undefined {
    const prefix = directory === '\\' ? directory : `${this.#key(directory)}\\`;
    for (const [key, file] of this.#files) {
      if (file.uncleanCount > 0 && key !== prefix && key.startsWith(prefix)) return file;
    }
    return undefined;
  }

  #key(name: string): string {
    return nameKey(name, this.#caseSensitive);
  }
}
