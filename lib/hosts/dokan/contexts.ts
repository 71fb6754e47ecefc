import type { CreateFileRequest } from '../../operations.js';
import type { Open } from '../../target.js';

/** One open, and the path it was called by last. */
export interface OpenEntry {
  readonly open: Open;
  path: string;
}

/** A createFile that was denied the right to delete. */
export interface DeniedOpen {
  readonly number: number;
  readonly path: string;
  readonly parameters: CreateFileRequest;
}

/** Dokan has at most 16 threads for requests. */
const MOST_DENIED = 64;

/**
 * The numbers Dokan keeps for opens (DOKAN_FILE_INFO.Context). None is given out twice.
 *
 * An open that wants DELETE and is denied leaves a number too: Dokan asks once more, for the parent
 * directory with the right to delete what is in it, and when that succeeds every later callback of
 * the open has the number that the first, denied call left. Such numbers are odd.
 */
export class Contexts {
  readonly #opens = new Map<number, OpenEntry>();
  /** By thread: the second call comes on the thread of the first one, or not at all. */
  readonly #denied = new Map<number, DeniedOpen>();
  #last = 0;

  /** Opens there are. */
  get size(): number {
    return this.#opens.size;
  }

  /** Denied opens that are remembered. */
  get deniedCount(): number {
    return this.#denied.size;
  }

  /** @returns the open's number */
  add(open: Open, path: string): number {
    this.#last += 2;
    this.#opens.set(this.#last, { open, path });
    return this.#last;
  }

  find(number: number): OpenEntry | undefined {
    return this.#opens.get(number);
  }

  remove(number: number): OpenEntry | undefined {
    const entry = this.#opens.get(number);
    this.#opens.delete(number);
    return entry;
  }

  /** @returns the number for the retry to come with */
  deny(thread: number, path: string, parameters: CreateFileRequest): number {
    this.#last += 2;
    const number = this.#last + 1;
    // The latest last, so that the first one is the one least likely to be retried.
    this.#denied.delete(thread);
    this.#denied.set(thread, { number, path, parameters });
    if (this.#denied.size > MOST_DENIED) {
      for (const oldest of this.#denied.keys()) {
        this.#denied.delete(oldest);
        break;
      }
    }
    return number;
  }

  /** True for the number of an open that was denied. */
  wasDenied(number: number): boolean {
    return number % 2 === 1;
  }

  /**
   * The retry has come.
   * @returns undefined when the open is forgotten, or is another thread's
   */
  takeDenied(thread: number, number: number): DeniedOpen | undefined {
    const denied = this.#denied.get(thread);
    if (denied?.number !== number) return undefined;
    this.#denied.delete(thread);
    return denied;
  }

  /** The thread has come with something else: there will be no retry. */
  forgetDenied(thread: number): void {
    if (this.#denied.size > 0) this.#denied.delete(thread);
  }

  /** The open that a retry has brought about, under the number of the one that was denied. */
  addDenied(number: number, open: Open, path: string): void {
    this.#opens.set(number, { open, path });
  }
}
