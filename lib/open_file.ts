import { expected } from './errors.js';
import type { Medium } from './media.js';
import type { CreateResult, FileContext, Requestor } from './operations.js';
import type { RunningCall } from './running_call.js';
import { IoFlags, type Caller, type Open } from './target.js';

/** The kernel's own doings: no process asks. */
export const NO_CALLER: Caller = { processId: 0, userId: -1, groupId: -1, running: undefined };

/** One open of a file: what callbacks see as `FileContext`, and the dispatcher's books on it. */
export class OpenFile implements FileContext, Open {
  context: unknown = undefined;
  isDirectory = false;
  deletePending = false;
  backingFd: number | undefined = undefined;
  createResult: CreateResult = 'opened';
  /** What it is on, where media are removable. */
  medium: Medium | undefined = undefined;
  /** The last path it was called with, for the cleanup of a volume that is lost. */
  path: string;
  caller: Caller = NO_CALLER;
  io: number = IoFlags.NONE;
  /** Among the opens of its volume. */
  position = -1;
  /** The cleanup was asked for. */
  cleanedUp = false;
  /** The close was asked for; it may have to wait. */
  closeAsked = false;
  /** closeFile has been called. */
  closed = false;
  /** The promise of a close that did not end at once. */
  closing: Promise<void> | undefined = undefined;
  /** What to do when the last running callback has come back. */
  whenIdle: (() => void) | undefined = undefined;
  /** The latest listing, for its source to be let go with the open. */
  listing: { close(): void } | undefined = undefined;
  /** Calls whose callback has not come back, their requests answered or not. */
  #running: Set<RunningCall> | undefined = undefined;
  /** A callback has been called and has not returned. */
  #dispatching = false;
  /** Of the callback being called, made when it asks for the signal. */
  #controller: AbortController | undefined = undefined;
  /** Asked for before the callback has returned its promise. */
  #extension: number | undefined = undefined;

  constructor(path: string) {
    this.path = path;
  }

  get processId(): number {
    return this.caller.processId;
  }

  get pagingIo(): boolean {
    return (this.io & IoFlags.PAGING_IO) !== 0;
  }

  get synchronousIo(): boolean {
    return (this.io & IoFlags.SYNCHRONOUS_IO) !== 0;
  }

  get noCache(): boolean {
    return (this.io & IoFlags.NO_CACHE) !== 0;
  }

  get writeToEndOfFile(): boolean {
    return (this.io & IoFlags.WRITE_TO_END_OF_FILE) !== 0;
  }

  get dataOnly(): boolean {
    return (this.io & IoFlags.DATA_ONLY) !== 0;
  }

  get signal(): AbortSignal {
    const late = this.#dispatching ? undefined : this.#latest();
    return late?.signal ?? (this.#controller ??= new AbortController()).signal;
  }

  requestor(): Requestor {
    const { processId, userId, groupId } = this.caller;
    const token = this.caller.tokenSource?.();
    if (token === undefined) return { processId, userId, groupId };
    return {
      processId,
      userId,
      groupId,
      // Opened only when somebody wants it: that takes a call of the kernel.
      get token() {
        return token();
      },
    };
  }

  resetTimeout(milliseconds: number): void {
    // NaN would make every comparison with the deadline false, and stop the clock for all calls.
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0)) {
      throw expected('milliseconds', 'a number from 0, or Infinity', milliseconds);
    }
    if (this.#dispatching) this.#extension = milliseconds;
    if (this.#running !== undefined) {
      for (const call of this.#running) call.extend(milliseconds);
    }
  }

  /** Callbacks of this open are running, given up on or not. */
  get isBusy(): boolean {
    return this.#running !== undefined && this.#running.size > 0;
  }

  /** A callback is about to be called. */
  begin(path: string, caller: Caller, io: number): void {
    this.path = path;
    this.io = io;
    this.resume(caller, undefined);
  }

  /** An iterator that a callback has returned is about to be asked for more. */
  resume(caller: Caller, controller: AbortController | undefined): void {
    this.caller = caller;
    this.#controller = controller;
    this.#extension = undefined;
    this.#dispatching = true;
  }

  /** The callback has returned. @returns the controller of its signal, if it asked for that */
  end(): AbortController | undefined {
    this.#dispatching = false;
    return this.#controller;
  }

  /** The callback has returned a promise. */
  wait(call: RunningCall): void {
    this.#dispatching = false;
    (this.#running ??= new Set()).add(call);
    if (this.#controller !== undefined) call.adopt(this.#controller);
    if (this.#extension !== undefined) call.extend(this.#extension);
  }

  /** The callback's promise is settled. */
  comeBack(call: RunningCall): void {
    this.#running?.delete(call);
    if (this.isBusy) return;
    const next = this.whenIdle;
    this.whenIdle = undefined;
    next?.();
  }

  /** Makes it as new, for callbacks that work by path. */
  reset(): void {
    this.context = undefined;
    this.isDirectory = false;
    this.backingFd = undefined;
  }

  /**
   * The call that a callback means when it asks after its first `await`: with one running it is
   * that one. Of several it is the youngest whose answer is still wanted.
   */
  #latest(): RunningCall | undefined {
    let latest: RunningCall | undefined;
    if (this.#running !== undefined) {
      for (const call of this.#running) {
        if (latest === undefined || latest.answered || !call.answered) latest = call;
      }
    }
    return latest;
  }
}
