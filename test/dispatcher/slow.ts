import type { FileContext } from '../../lib/operations.js';
import { IoFlags } from '../../lib/target.js';
import { caller, deferred, harness, Journal, openNow, promised } from './harness.js';

export const buffer = Buffer.alloc(8);

/** A file system whose readFile and writeFile are done when the test says so. */
export function slow(options = {}) {
  const journal = new Journal();
  const calls: { done: ReturnType<typeof deferred<number>>; signal: AbortSignal }[] = [];
  const wait = (_path: string, _buffer: Buffer, _offset: number, file: FileContext) => {
    const done = deferred<number>();
    calls.push({ done, signal: file.signal });
    return done.promise;
  };
  const made = harness({ ...journal.operations, readFile: wait, writeFile: wait }, options);
  const file = openNow(made.dispatcher);
  return {
    ...made,
    journal,
    calls,
    file,
    read: (by = caller()) =>
      promised(made.dispatcher.readFile(file, '/f', buffer, 0, IoFlags.NONE, by)),
    write: (by = caller()) =>
      promised(made.dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, by)),
  };
}

export function watch<T>(promise: Promise<T>) {
  const state: { value?: T; error?: unknown; done: boolean } = { done: false };
  promise.then(
    (value) => Object.assign(state, { value, done: true }),
    (error: unknown) => Object.assign(state, { error, done: true }),
  );
  return state;
}
