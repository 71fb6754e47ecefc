import { SparseData } from './data.js';
import type { RangeLocks } from './locks.js';
import type { Space } from './space.js';

/** What a named stream takes beside its data. */
const STREAM_COST = 128;

/** A run of bytes that can be opened: a file's own data (no name), or one of its named streams. */
export class Stream {
  name: string;
  /** What it is found by. */
  key: string;
  readonly data: SparseData;
  /** Byte-range locks, once there has been one. */
  locks: RangeLocks | undefined = undefined;
  /** Opens, from createFile to closeFile. */
  opens = 0;
  /** It lost its name while open: its bytes go with the last open. */
  deleted = false;
  readonly #space: Space;
  readonly #cost: number;

  /** @throws DokanError DISK_FULL */
  constructor(name: string, key: string, space: Space) {
    this.name = name;
    this.key = key;
    this.data = new SparseData(space);
    this.#space = space;
    this.#cost = name === '' ? 0 : STREAM_COST + 2 * name.length;
    space.take(this.#cost);
  }

  /** To be called whenever its name or an open of it has gone. */
  destroyIfUnused(): void {
    if (this.deleted && this.opens === 0) this.destroy();
  }

  /** Gives back all it takes. */
  destroy(): void {
    this.data.truncate(0);
    this.#space.give(this.#cost);
  }
}
