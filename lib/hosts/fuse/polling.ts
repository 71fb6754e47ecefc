/** Looks in vain, one after the other, before the next ones are left out. */
const PATIENCE = 4;

/** At least one look in so many requests, to see whether they come closer together again. */
const LONGEST_PAUSE = 64;

/**
 * Decides whether to look for the next request before going to sleep. Being woken takes longer than
 * most requests, so that looking pays while requests follow each other closely; where each comes
 * alone it only keeps a processor busy.
 */
export class Polling {
  readonly #time: number;
  #misses = 0;
  /** Requests after which there is no look. */
  #pause = 0;

  /** @param time - how long one look may take, in microseconds; 0 for never looking */
  constructor(time: number) {
    this.#time = time;
  }

  /** How long to look after the request that was just answered, in microseconds. */
  next(): number {
    if (this.#pause === 0) return this.#time;
    this.#pause -= 1;
    return 0;
  }

  /** A look has found a request. */
  found(): void {
    this.#misses = 0;
  }

  /** A look was in vain. */
  missed(): void {
    this.#misses += 1;
    if (this.#misses < PATIENCE) return;
    this.#pause = Math.min(2 ** (this.#misses - PATIENCE + 1), LONGEST_PAUSE) - 1;
  }
}
