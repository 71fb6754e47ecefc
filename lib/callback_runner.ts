import { channel } from 'node:diagnostics_channel';
import { types } from 'node:util';
import * as answers from './answers.js';
import { CALLBACKS, checkMedia, effectOf, queryOpen, type Callback } from './callbacks.js';
import { Counters, statisticsOf } from './counters.js';
import type { DispatcherOptions } from './dispatcher_options.js';
import { CallbackError, DokanError, statusFromError } from './errors.js';
import { Media, type Medium } from './media.js';
import { NO_CALLER, OpenFile } from './open_file.js';
import type { CreateFileRequest, DokanOperations, MediaState } from './operations.js';
import { isThenable, type Outcome } from './outcome.js';
import { Deadlines, RunningCall } from './running_call.js';
import { isMissing, NtStatus } from './status.js';
import { IoFlags, type Caller } from './target.js';

/** The answer to a request whose callback made a mistake; the volume has been told. */
class ReportedError extends DokanError {}

/** How often a callback was called, and how that ended. */
export interface CallbackStatistics {
  calls: number;
  failures: number;
  timeouts: number;
}

/** One event per callback on the diagnostics channel `node-dokan:request`. */
export interface RequestEvent {
  readonly callback: keyof DokanOperations;
  readonly path: string;
  /** NTSTATUS of the answer. */
  readonly status: number;
  readonly milliseconds: number;
  readonly processId: number;
}

/** Who keeps the books on opens, and is told of callbacks that took their time. */
export interface OpenBooks {
  /** A callback's promise is settled, its request answered or not. */
  cameBack(file: OpenFile): void;
  /** createFile has succeeded after its request was given up: nobody waits for this open. */
  openedTooLate(file: OpenFile, path: string): void;
}

const requests = channel('node-dokan:request');

// Asked for often, and always the same: made once, thrown many times.
export const NOT_IMPLEMENTED = new DokanError(NtStatus.NOT_IMPLEMENTED);

/** Stands for the start of what is no callback but a further step of one. */
const NO_EVENT = -1;

/** Runs one callback for one request: guarded, counted, traced and within its time. */
export class CallbackRunner {
  readonly #operations: Required<DokanOperations>;
  /** What the file system has. */
  readonly #present: ReadonlySet<keyof DokanOperations>;
  /** The same by the index of a callback, 1 for what there is: a look by name takes longer. */
  readonly #has: Uint8Array;
  readonly #options: DispatcherOptions;
  readonly #opens: OpenBooks;
  /** Where the file system has removable media. */
  readonly media: Media | undefined;
  readonly #deadlines = new Deadlines();
  readonly #counters: Counters;
  readonly #calls: Float64Array;
  readonly #failures: Float64Array;
  readonly #timeouts: Float64Array;
  /** For callbacks without an open: reused as long as they answer at once. */
  #spare: OpenFile | undefined = new OpenFile('');
  #goneStatus: number | undefined = undefined;

  constructor(operations: DokanOperations, options: DispatcherOptions, opens: OpenBooks) {
    this.#operations = operations as Required<DokanOperations>;
    const present = CALLBACKS.filter(({ name }) => typeof operations[name] === 'function');
    this.#present = new Set(present.map(({ name }) => name));
    this.#has = Uint8Array.from(CALLBACKS, (row) => (present.includes(row) ? 1 : 0));
    this.#options = options;
    this.#opens = opens;
    this.#counters = options.counters ?? new Counters();
    this.#calls = this.#counters.calls;
    this.#failures = this.#counters.failures;
    this.#timeouts = this.#counters.timeouts;
    if (this.supports('checkMedia')) {
      const ask = (asking: Caller): Outcome<MediaState> =>
        this.run(checkMedia, new OpenFile(''), '', asking, undefined, undefined);
      this.media = new Media(ask, options.mediaCheckInterval);
    }
  }

  /** Requests waiting for a promise. */
  get outstandingCount(): number {
    return this.#deadlines.size;
  }

  /** Once the volume is gone: what every further request fails with. */
  get goneStatus(): number | undefined {
    return this.#goneStatus;
  }

  /** The counters of every callback that was called. */
  statistics(): Partial<Record<keyof DokanOperations, CallbackStatistics>> {
    return statisticsOf([this.#counters]);
  }

  supports(callback: keyof DokanOperations): boolean {
    return this.#present.has(callback);
  }

  /** The same of a row. */
  has({ index }: Callback<never, never, unknown>): boolean {
    return this.#has[index] !== 0;
  }

  /**
   * The volume is gone: fails what is outstanding, and every further request that releases nothing.
   * @param status - what they fail with
   */
  refuseFurther(status: number): void {
    this.#goneStatus = status;
    this.#deadlines.failAll(status, false);
  }

  /**
   * Fails all that is still outstanding, what releases something too.
   * @param status - what it fails with
   */
  failOutstanding(status: number): void {
    this.#deadlines.failAll(status, true);
  }

  /** One request, one callback: everything that reaches the user's code passes here. */
  run<A, B, R>(
    row: Callback<A, B, R>,
    file: OpenFile,
    path: string,
    caller: Caller,
    a: A,
    b: B,
    io: number = IoFlags.NONE,
  ): Outcome<R> {
    if (this.#has[row.index] === 0) throw NOT_IMPLEMENTED;
    if (row.effect !== 'releases') {
      if (this.#goneStatus !== undefined) throw new DokanError(this.#goneStatus);
      if (file.medium !== undefined) this.demandMedium(file, caller);
    }
    this.#calls[row.index]! += 1;
    const started = requests.hasSubscribers ? performance.now() : 0;
    file.begin(path, caller, io);
    let value: unknown;
    try {
      value = row.invoke(this.#operations, path, file, a, b);
      if (!isThenable(value)) {
        const answer = row.check(value, a);
        file.end();
        const status = this.#statusOf(row, answer);
        if (requests.hasSubscribers) this.#publish(row, path, caller, status, started);
        return answer;
      }
    } catch (error) {
      file.end();
      const failure = this.failure(row, path, error);
      if (requests.hasSubscribers) this.#publish(row, path, caller, failure.status, started);
      if (isNoSuchFile(row, failure)) return undefined as R;
      throw failure;
    }
    return this.#await(row, file, path, caller, value, row.check, a, started);
  }

  /** @throws DokanError when the medium of an open has gone, or is another one by now */
  demandMedium({ medium }: OpenFile, caller: Caller): void {
    const refusal = medium?.refusal(caller);
    if (refusal !== undefined) throw refusal;
  }

  /** Calls a callback that works by path: there is no open, and what it keeps in one is dropped. */
  byPath<A, R>(row: Callback<A, undefined, R>, path: string, caller: Caller, a: A): Outcome<R> {
    return this.media === undefined
      ? this.#byPath(row, path, caller, a)
      : this.#byPathOn(this.media, row, path, caller, a);
  }

  // Apart: a function that holds a closure pays for its captured variables on every call.
  #byPathOn<A, R>(
    media: Media,
    row: Callback<A, undefined, R>,
    path: string,
    caller: Caller,
    a: A,
  ): Outcome<R> {
    const use = (found: Medium): Outcome<R> => found.guard(this.#byPath(row, path, caller, a));
    const medium = media.admit(caller);
    return medium instanceof Promise ? medium.then(use) : use(medium);
  }

  #byPath<A, R>(row: Callback<A, undefined, R>, path: string, caller: Caller, a: A): Outcome<R> {
    const file = this.#spare ?? new OpenFile(path);
    this.#spare = undefined;
    try {
      const outcome = this.run(row, file, path, caller, a, undefined);
      if (!(outcome instanceof Promise)) this.#keepSpare(file);
      return outcome;
    } catch (error) {
      this.#keepSpare(file);
      throw error;
    }
  }

  #keepSpare(file: OpenFile): void {
    file.reset();
    this.#spare = file;
  }

  /** Like `byPath`, for a callback that Dokan has an answer for where the file system has none. */
  withDefault<R>(
    row: Callback<undefined, undefined, R>,
    caller: Caller,
    fallback: () => R,
  ): Outcome<R> {
    const orDefault = (error: unknown): R => {
      if ((error as DokanError).status === NtStatus.NOT_IMPLEMENTED) return fallback();
      throw error;
    };
    try {
      const outcome = this.byPath(row, '', caller, undefined);
      return outcome instanceof Promise ? outcome.catch(orDefault) : outcome;
    } catch (error) {
      return orDefault(error);
    }
  }

  /** A callback whose failure nobody can be told of: it is reported, and the request succeeds. */
  unfailing<A>(
    row: Callback<A | undefined, undefined, void>,
    file: OpenFile,
    path: string,
    caller: Caller,
    a?: A,
  ): Outcome<void> {
    try {
      const outcome = this.run(row, file, path, caller, a, undefined);
      if (!(outcome instanceof Promise)) return;
      return outcome.catch((error: unknown) => this.#reportUnfailing(row, path, error));
    } catch (error) {
      this.#reportUnfailing(row, path, error);
    }
  }

  #reportUnfailing(row: Callback<never, never, unknown>, path: string, error: unknown): void {
    if (!(error instanceof ReportedError)) this.#report(row, path, error);
  }

  /**
   * Waits for a further step of a callback that has answered, no longer than for the callback.
   * @returns what the step gave, unchecked
   * @throws DokanError when it is given up
   */
  waitForStep(
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    caller: Caller,
    step: PromiseLike<unknown>,
  ): Promise<unknown> {
    return this.#await(row, file, path, caller, step, asItIs, undefined, NO_EVENT);
  }

  /** Waits for a callback's promise, for as long as the request may take. */
  #await<A, R>(
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    caller: Caller,
    value: PromiseLike<unknown>,
    check: (value: unknown, a: A) => R,
    a: A,
    started: number,
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const finish = (status: number): void => {
        call.done();
        if (caller.running === call) caller.running = undefined;
        if (started !== NO_EVENT && requests.hasSubscribers) {
          this.#publish(row, path, caller, status, started);
        }
      };
      const effect = effectOf(row, a);
      const call = new RunningCall(
        this.#deadlines,
        this.#options.operationTimeout,
        effect,
        (error) => {
          if (error.status === NtStatus.IO_TIMEOUT) this.#timeouts[row.index]! += 1;
          this.#failures[row.index]! += 1;
          finish(error.status);
          if (effect !== 'none') caller.late?.push(call);
          reject(error);
        },
      );
      file.wait(call);
      if (caller !== NO_CALLER) caller.running = call;
      const succeed = (answer: unknown): void => {
        if (call.answered) return this.#tooLate(row, file, path, call, answer, a);
        let checked: R;
        try {
          checked = check(answer, a);
        } catch (error) {
          return fail(error);
        }
        finish(this.#statusOf(row, checked));
        this.#comeBack(file, call);
        resolve(checked);
      };
      const fail = (error: unknown): void => {
        if (call.answered) {
          this.#comeBack(file, call);
          // What follows from the signal is no news; a mistake in the program is.
          if (statusFromError(error) === undefined) this.#report(row, path, error);
          return;
        }
        const failure = this.failure(row, path, error);
        finish(failure.status);
        this.#comeBack(file, call);
        if (isNoSuchFile(row, failure)) resolve(undefined as R);
        else reject(failure);
      };
      void settle(value, succeed, fail);
    });
  }

  /** A callback has come back after its request was given up. An open that nobody waits for is closed. */
  #tooLate(
    row: Callback<never, never, unknown>,
    file: OpenFile,
    path: string,
    call: RunningCall,
    answer: unknown,
    a: unknown,
  ): void {
    this.#comeBack(file, call);
    try {
      if (row.name === 'checkMedia') {
        this.media?.take(answers.checkMediaState(answer));
        return;
      }
      if (row.name !== 'createFile') return;
      answers.checkCreateResult(answer, a as CreateFileRequest);
    } catch (error) {
      return this.#report(row, path, error);
    }
    this.#opens.openedTooLate(file, path);
  }

  #comeBack(file: OpenFile, call: RunningCall): void {
    call.comeBack();
    this.#opens.cameBack(file);
    file.comeBack(call);
  }

  /** Of an answer that was accepted: one that says that there is no such file counts as a failure. */
  #statusOf(row: Callback<never, never, unknown>, answer: unknown): number {
    if (answer !== undefined || row !== queryOpen) return NtStatus.SUCCESS;
    this.#failures[row.index]! += 1;
    return NtStatus.OBJECT_NAME_NOT_FOUND;
  }

  /** Counts a failure. @returns what the request fails with; a mistake has then been reported */
  failure(row: Callback<never, never, unknown>, path: string, error: unknown): DokanError {
    this.#failures[row.index]! += 1;
    const status = statusFromError(error);
    if (status === undefined) {
      this.#report(row, path, error);
      return new ReportedError(NtStatus.INTERNAL_ERROR, undefined, { cause: error });
    }
    this.media?.doubt(status);
    // A proxy may answer otherwise when it is asked again.
    if (!types.isProxy(error) && error instanceof DokanError) return error;
    return new DokanError(status, undefined, { cause: error });
  }

  #report(row: Callback<never, never, unknown>, path: string, error: unknown): void {
    this.#options.onError(new CallbackError(row.name, path, error));
  }

  #publish(
    row: Callback<never, never, unknown>,
    path: string,
    { processId }: Caller,
    status: number,
    started: number,
  ): void {
    const event: RequestEvent = {
      callback: row.name,
      path,
      status,
      milliseconds: started === 0 ? 0 : performance.now() - started,
      processId,
    };
    requests.publish(event);
  }
}

/**
 * `await` instead of `then`: promises of other libraries may throw, answer twice, or answer before
 * `then` has returned.
 */
async function settle(
  value: PromiseLike<unknown>,
  succeed: (answer: unknown) => void,
  fail: (error: unknown) => void,
): Promise<void> {
  let answer: unknown;
  try {
    answer = await value;
  } catch (error) {
    fail(error);
    return;
  }
  succeed(answer);
}

/** Such a failure is an answer: passing it on as an exception would take longer than finding it out. */
function isNoSuchFile(row: Callback<never, never, unknown>, failure: DokanError): boolean {
  return row === queryOpen && isMissing(failure.status);
}

/** A listing checks its own steps. */
const asItIs = (value: unknown): unknown => value;
