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

/** Takes entries one by one. */
export interface Taker<E> {
  /** @returns false when that was enough; the entry is taken all the same */
  take(entry: E): boolean;
}

/** There is no entry yet, but there may be one. */
const NOT_YET = Symbol('not yet');

/** Where a listing that is handed on stands: whose mistake an error is depends on it. */
const PULLING = 0;
const CHECKING = 1;
const TAKING = 2;

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
  /** What an array held; `undefined` where entries are pulled out of an iterator. */
  #array: readonly unknown[] | undefined = undefined;
  #nextInArray = 0;
  #source: Iterator<unknown> | AsyncIterator<unknown> | undefined = undefined;
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
      // A file system may return the array it keeps: files deleted between two reads must not shift
      // others out of sight.
      if (Array.isArray(entries)) this.#array = [...(entries as unknown[])];
      else this.#source = iterate(entries);
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
      if (this.#pending !== undefined) return this.#nextLater(this.#pending, caller);
      const entry = this.#pull(this.#check, caller);
      if (entry !== NOT_YET) return entry;
    }
  }

  /**
   * Hands on all entries that are there at once, until `taker` has enough. As `next`, but without a
   * call back and forth for each.
   *
   * @param check - instead of the listing's own: a taker may do a part of that itself, and `refuse`
   *   what is wrong
   * @returns true at the end, false when the taker has enough; the promise of an entry that takes
   *   time, which the taker has not been given
   * @throws as `next`; also what the taker throws
   */
  pour(
    taker: Taker<E>,
    check: (value: unknown) => E,
    caller?: Caller,
  ): boolean | Promise<E | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return true;
    if (this.#pending === undefined) {
      const array = this.#array;
      const isEnough =
        array === undefined
          ? this.#pourSteps(taker, check, caller)
          : this.#pourArray(array, taker, check, caller);
      if (isEnough) return false;
    }
    return this.#later(caller);
  }

  /** @returns true when nothing is waited for: then it is the end */
  #later(caller: Caller | undefined): true | Promise<E | undefined> {
    return this.#pending === undefined ? true : this.#nextLater(this.#pending, caller);
  }

  /** @returns false at the end */
  #pourArray(
    array: readonly unknown[],
    taker: Taker<E>,
    check: (value: unknown) => E,
    caller: Caller | undefined,
  ): boolean {
    this.#guard.begin(caller);
    this.#guard.end();
    const keep = this.#keep;
    let at = this.#nextInArray;
    let stage = CHECKING;
    try {
      while (at < array.length) {
        stage = CHECKING;
        const entry = check(array[at]);
        at += 1;
        if (!keep(entry)) continue;
        stage = TAKING;
        if (!taker.take(entry)) return true;
      }
      this.#ended = true;
      return false;
    } catch (error) {
      throw stage === CHECKING ? this.refuse(error) : error;
    } finally {
      this.#nextInArray = at;
    }
  }

  /** @returns false at the end, and at a step that takes time */
  #pourSteps(taker: Taker<E>, check: (value: unknown) => E, caller: Caller | undefined): boolean {
    const source = this.#source;
    const keep = this.#keep;
    let stage = PULLING;
    // Once for all: the code of the file system runs in every turn.
    this.#guard.begin(caller);
    try {
      for (;;) {
        stage = PULLING;
        const step: unknown = source?.next();
        if (isThenable(step)) {
          this.#pending = new Step(step);
          return false;
        }
        const result = checkStep(step);
        if (result.done) {
          this.#ended = true;
          return false;
        }
        const { value } = result;
        stage = CHECKING;
        const entry = check(value);
        if (!keep(entry)) continue;
        stage = TAKING;
        if (!taker.take(entry)) return true;
      }
    } catch (error) {
      if (stage === PULLING) throw this.#failWith(error);
      throw stage === CHECKING ? this.refuse(error) : error;
    } finally {
      this.#guard.end();
    }
  }

  /**
   * An entry that was handed on is wrong after all: nothing comes after it but the failure.
   * @returns that failure
   */
  refuse(mistake: unknown): DokanError {
    const failure = this.#guard.failure(mistake);
    this.#failure = failure;
    this.close();
    return failure;
  }

  /** The listing is not read to its end: lets a generator run its `finally`. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      const closing: unknown = this.#source?.return?.();
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

  /** Asks for one more. @returns NOT_YET when it was passed over, or when that takes time */
  #pull(check: (value: unknown) => E, caller: Caller | undefined): E | undefined | typeof NOT_YET {
    this.#guard.begin(caller);
    if (this.#array !== undefined) {
      this.#guard.end();
      return this.#pullFrom(this.#array, check);
    }
    let step: unknown;
    try {
      step = this.#source?.next();
      if (isThenable(step)) {
        // Kept until it is done: whoever asks again after a wait was given up gets what comes of it.
        this.#pending = new Step(step);
        return NOT_YET;
      }
    } catch (error) {
      throw this.#failWith(error);
    } finally {
      this.#guard.end();
    }
    return this.#accept(step, check);
  }

  /** An array has no code to run, and needs no iterator. */
  #pullFrom(
    array: readonly unknown[],
    check: (value: unknown) => E,
  ): E | undefined | typeof NOT_YET {
    const at = this.#nextInArray;
    if (at >= array.length) {
      this.#ended = true;
      return undefined;
    }
    this.#nextInArray = at + 1;
    return this.#examine(array[at], check);
  }

  async #nextLater(first: Step, caller: Caller | undefined): Promise<E | undefined> {
    let step: Step | undefined = first;
    for (;;) {
      let entry: E | undefined | typeof NOT_YET;
      if (step === undefined) {
        entry = this.#pull(this.#check, caller);
      } else {
        await this.#guard.wait(step.done, caller);
        this.#pending = undefined;
        if (step.failed) throw this.#failWith(step.error);
        entry = this.#accept(step.result, this.#check);
      }
      if (entry !== NOT_YET) return entry;
      if (this.#ended) return undefined;
      step = this.#pending;
    }
  }

  #accept(step: unknown, check: (value: unknown) => E): E | undefined | typeof NOT_YET {
    let value: unknown;
    try {
      const result = checkStep(step);
      if (result.done) {
        this.#ended = true;
        return undefined;
      }
      value = result.value;
    } catch (error) {
      throw this.#failWith(error);
    }
    return this.#examine(value, check);
  }

  #examine(value: unknown, check: (value: unknown) => E): E | typeof NOT_YET {
    try {
      const entry = check(value);
      return this.#keep(entry) ? entry : NOT_YET;
    } catch (error) {
      throw this.refuse(error);
    }
  }

  /** The iterator itself failed; as in `for ... of`, it is not asked to clean up. */
  #failWith(error: unknown): DokanError {
    this.#ended = true;
    return (this.#failure = this.#guard.failure(error));
  }
}

function checkStep(step: unknown): { done?: unknown; value?: unknown } {
  if (typeof step === 'object' && step !== null) return step;
  throw expectedAnswer('the result of an iterator (an object)', step);
}

function iterate(
  entries: Iterable<unknown> | AsyncIterable<unknown>,
): Iterator<unknown> | AsyncIterator<unknown> {
  const { [Symbol.iterator]: iterator } = entries as Partial<Iterable<unknown>>;
  return typeof iterator === 'function'
    ? (entries as Iterable<unknown>)[Symbol.iterator]()
    : (entries as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}
