import { DokanError, FileAccess } from 'node-dokan';
import type { Entry } from './entry.js';

const WRITES =
  FileAccess.WRITE_DATA |
  FileAccess.APPEND_DATA |
  FileAccess.GENERIC_WRITE |
  FileAccess.GENERIC_ALL;

/** True when the access that is asked for changes the contents. */
export function asksToWrite(desiredAccess: number): boolean {
  return (desiredAccess & WRITES) !== 0;
}

/** What is kept per open. It survives that the medium is taken out and put back. */
export class ImageOpen {
  #entry: Entry | undefined;
  #lostBecause = 0;
  readonly mayWrite: boolean;
  /** It was closed while there was no medium, and its file is still to be freed. */
  isClosed = false;

  constructor(entry: Entry, desiredAccess: number) {
    this.#entry = entry;
    this.mayWrite =
      asksToWrite(desiredAccess) || (desiredAccess & FileAccess.MAXIMUM_ALLOWED) !== 0;
  }

  /** What is open. @throws DokanError with the reason why there is nothing any more */
  get entry(): Entry {
    if (this.#entry === undefined) throw new DokanError(this.#lostBecause);
    return this.#entry;
  }

  get isLost(): boolean {
    return this.#entry === undefined;
  }

  /** The volume was read anew: this is what the open is of now. */
  moveTo(entry: Entry): void {
    this.#entry = entry;
  }

  /** @param status - what everything that is done with it fails with from now on */
  lose(status: number): void {
    this.#entry = undefined;
    this.#lostBecause = status;
  }
}
