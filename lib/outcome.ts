/**
 * The answer to a request, at once or later. Hosts and dispatcher pass it on as it is, so that a
 * synchronous callback is answered without a promise ever being made.
 */
export type Outcome<T> = T | Promise<T>;

/**
 * Goes on with an outcome. `next` is a function made once and `state` what it needs, so that the
 * synchronous path allocates nothing.
 */
export function andThen<T, S, R>(
  outcome: Outcome<T>,
  next: (value: T, state: S) => Outcome<R>,
  state: S,
): Outcome<R> {
  return outcome instanceof Promise ? later(outcome, next, state) : next(outcome, state);
}

// Apart from andThen: a function that holds a closure pays for its captured variables on every call.
function later<T, S, R>(
  outcome: Promise<T>,
  next: (value: T, state: S) => Outcome<R>,
  state: S,
): Promise<R> {
  return outcome.then((value) => next(value, state));
}

/**
 * True for anything with a `then`, so that promises of other libraries count, also those that are
 * functions. Looks at the value: one that fights back may throw.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
