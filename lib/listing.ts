import { expectedAnswer, type DokanError } from './errors.js';
import { isThenable, type Outcome } from './outcome.js';
import type { Caller } from './target.js';

/** What a listing needs from the dispatcher whose callback gave it. */
export interface ListingGuard {
  /**
   * The file system's code is about to run.
   * @param caller - who asks; default: who asked first
   * @throws DokanError when it must not, now
   */
  begin(caller: Caller | undefined): void;
  /** It has returned. */
  end(): void;
  /** Turns what the file system threw into what the request fails with. */
  failure(error: unknown): DokanError;
  /** Waits for the next entry no longer than for any other callback. @throws when it is given up */
  wait(step: Promise<unknown>, caller: Caller | undefined): Promise<unknown>;
}

const PASSED_OVER = Symbol('passed over');

/** What an iterator will answer: a promise of its own kind, which is never rejected. */
class Step {
  readonly done: Promise<Step>;
  result: unknown = undefined;
  error: unknown = undefined;
  failed = false;

  constructor(answer: PromiseLike<unknown>) {
    this.done = this.#watch(answer);
  }

  async #watch(answer: PromiseLike<unknown>): Promise<Step> {
    try {
      this.result = await answer;
    } catch (error) {
      this.failed = true;
      this.error = error;
    }
    return this;
  }
}

/** The entries a file system lists, pulled one by one and checked as they come. */
export class Listing<E> {
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #check: (value: unknown) => E;
  readonly #keep: (entry: E) => boolean;
  readonly #guard: ListingGuard;
  #pending: Step | undefined = undefined;
  #failure: DokanError | undefined = undefined;
  #ended = false;

  /**
   * @param check - returns the entry or throws an AnswerError
   * @param keep - entries it refuses are passed over
   * @throws DokanError when the listing does not even begin
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
    guard.begin(undefined);
    try {
      this.#source = iterate(entries);
    } catch (error) {
      throw guard.failure(error);
    } finally {
      guard.end();
    }
  }

  /**
   * The next entry, `undefined` at the end. Not to be called again before it is there.
   *
   * @param caller - who asks, so that it can be interrupted
   * @throws DokanError: that of the file system again and again; after one that tells of a wait
   *   given up (interrupted, timed out) the next call goes on waiting, and nothing is lost
   */
  next(caller?: Caller): Outcome<E | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      const step = this.#pending ?? this.#step(caller);
      if (step instanceof Step) return this.#nextLater(step, caller);
      const entry = this.#accept(step);
      if (entry !== PASSED_OVER) return entry;
    }
  }

  /** The listing is not read to its end: lets a generator run its `finally`. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      const closing: unknown = this.#source.return?.();
      if (isThenable(closing)) void this.#closeLater(closing);
    } catch (error) {
      this.#guard.failure(error);
    }
  }

  async #closeLater(closing: PromiseLike<unknown>): Promise<void> {
    try {
      await closing;
    } catch (error) {
      this.#guard.failure(error);
    }
  }

  /** Asks for one more. @returns what the iterator answered; a Step when that takes time */
  #step(caller: Caller | undefined): unknown {
    this.#guard.begin(caller);
    try {
      const step: unknown = this.#source.next();
      return isThenable(step) ? new Step(step) : step;
    } catch (error) {
      throw this.#failWith(error);
    } finally {
      this.#guard.end();
    }
  }

  async #nextLater(first: Step, caller: Caller | undefined): Promise<E | undefined> {
    let step: unknown = first;
    for (;;) {
      if (step instanceof Step) {
        // Kept until it is done: whoever asks again after a wait was given up gets what comes of it.
        this.#pending = step;
        await this.#guard.wait(step.done, caller);
        this.#pending = undefined;
        if (step.failed) throw this.#failWith(step.error);
        step = step.result;
      }
      const entry = this.#accept(step);
      if (entry !== PASSED_OVER) return entry;
      if (this.#ended) return undefined;
      step = this.#step(caller);
    }
  }

  #accept(step: unknown): E | undefined | typeof PASSED_OVER {
    let value: unknown;
    try {
      if (typeof step !== 'object' || step === null) {
        throw expectedAnswer('the result of an iterator (an object)', step);
      }
      const result = step as { done?: unknown; value?: unknown };
      if (result.done) {
        this.#ended = true;
        return undefined;
      }
      value = result.value;
    } catch (error) {
      throw this.#failWith(error);
    }
    try {
      const entry = this.#check(value);
      return this.#keep(entry) ? entry : PASSED_OVER;
    } catch (error) {
      this.#failure = this.#guard.failure(error);
      this.close();
      throw this.#failure;
    }
  }

  /** The iterator itself failed; as in `for ... of`, it is not asked to clean up. */
  #failWith(error: unknown): DokanError {
    this.#ended = true;
    return (this.#failure = this.#guard.failure(error));
  }
}

function iterate(
  entries: Iterable<unknown> | AsyncIterable<unknown>,
): Iterator<unknown> | AsyncIterator<unknown> {
  // A file system may return the array it keeps: files deleted between two reads must not shift
  // others out of sight.
  if (Array.isArray(entries)) return [...(entries as unknown[])].values();
  const { [Symbol.iterator]: iterator } = entries as Partial<Iterable<unknown>>;
  return typeof iterator === 'function'
    ? (entries as Iterable<unknown>)[Symbol.iterator]()
    : (entries as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}
