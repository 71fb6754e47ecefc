import { isThenable, type Outcome } from './outcome.js';
import type { DokanError } from './errors.js';

/** What a listing needs from the dispatcher whose callback gave it. */
export interface ListingGuard {
  /** Turns what the file system threw into what the request fails with. */
  failure(error: unknown): DokanError;
  /** Waits for the next entry no longer than for any other callback. */
  wait(next: PromiseLike<unknown>): Promise<unknown>;
}

const PASSED_OVER = Symbol('passed over');

/** The entries a file system lists, pulled one by one and checked as they come. */
export class Listing<E> {
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #check: (value: unknown) => E;
  readonly #keep: (entry: E) => boolean;
  readonly #guard: ListingGuard;
  #ended = false;

  /**
   * @param check - returns the entry or throws an AnswerError
   * @param keep - entries it refuses are passed over
   */
  constructor(
    entries: Iterable<unknown> | AsyncIterable<unknown>,
    check: (value: unknown) => E,
    keep: (entry: E) => boolean,
    guard: ListingGuard,
  ) {
    this.#check = check;
    this.#keep = keep;
    this.#guard = guard;
    this.#source =
      Symbol.iterator in entries ? entries[Symbol.iterator]() : entries[Symbol.asyncIterator]();
  }

  /** The next entry, `undefined` at the end. @throws DokanError, after which there is no more */
  next(): Outcome<E | undefined> {
    for (;;) {
      if (this.#ended) return undefined;
      let step: unknown;
      try {
        step = this.#source.next();
      } catch (error) {
        this.#ended = true;
        throw this.#guard.failure(error);
      }
      if (isThenable(step)) return this.#nextLater(step);
      const entry = this.#accept(step as IteratorResult<unknown>);
      if (entry !== PASSED_OVER) return entry;
    }
  }

  /** The listing is not read to its end: lets a generator run its `finally`. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      const closing: unknown = this.#source.return?.();
      if (isThenable(closing))
        closing.then(undefined, (error: unknown) => this.#guard.failure(error));
    } catch (error) {
      this.#guard.failure(error);
    }
  }

  async #nextLater(first: PromiseLike<unknown>): Promise<E | undefined> {
    let step = first;
    for (;;) {
      let result: IteratorResult<unknown>;
      try {
        result = (await this.#guard.wait(step)) as IteratorResult<unknown>;
      } catch (error) {
        this.#ended = true;
        throw error;
      }
      const entry = this.#accept(result);
      if (entry !== PASSED_OVER) return entry;
      step = (this.#source as AsyncIterator<unknown>).next();
    }
  }

  #accept(step: IteratorResult<unknown>): E | undefined | typeof PASSED_OVER {
    if (step.done === true) {
      this.#ended = true;
      return undefined;
    }
    try {
      const entry = this.#check(step.value);
      return this.#keep(entry) ? entry : PASSED_OVER;
    } catch (error) {
      const failure = this.#guard.failure(error);
      this.close();
      throw failure;
    }
  }
}
