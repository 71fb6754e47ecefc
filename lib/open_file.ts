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
  /** The last path it was called with, for the cleanup of a volume that is lost. */
  path: string;
  caller: Caller = NO_CALLER;
  io: number = IoFlags.NONE;
  cleanedUp = false;
  /** Calls whose promise is outstanding. */
  outstanding: Set<RunningCall> | undefined = undefined;
  /** Calls given up on whose callback has not come back yet: closeFile waits for them. */
  abandoned = 0;
  /** What to do when the last abandoned callback has come back. */
  whenIdle: (() => void) | undefined = undefined;
  /** Of the request being dispatched, made when a callback asks for the signal. */
  #controller: AbortController | undefined = undefined;
  #latest: RunningCall | undefined = undefined;

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

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#latest?.adopt(this.#controller);
    }
    return this.#controller.signal;
  }

  requestor(): Requestor {
    const { processId, userId, groupId } = this.caller;
    return { processId, userId, groupId };
  }

  resetTimeout(milliseconds: number): void {
    if (this.#latest !== undefined && this.outstanding !== undefined) {
      for (const call of this.outstanding) call.extend(milliseconds);
    } else {
      this.#extension = milliseconds;
    }
  }

  // Asked for before the callback has returned its promise.
  #extension: number | undefined = undefined;

  /** A callback is about to be called. */
  begin(path: string, caller: Caller, io: number): void {
    this.path = path;
    this.caller = caller;
    this.io = io;
    this.#controller = undefined;
    this.#latest = undefined;
    this.#extension = undefined;
  }

  /** The callback has returned a promise. */
  wait(call: RunningCall): void {
    (this.outstanding ??= new Set()).add(call);
    this.#latest = call;
    if (this.#controller !== undefined) call.adopt(this.#controller);
    if (this.#extension !== undefined) call.extend(this.#extension);
  }

  /** The request is answered. */
  finish(call: RunningCall): void {
    this.outstanding?.delete(call);
    if (this.#latest === call) this.#latest = undefined;
  }

  /** A callback that had been given up on has come back after all. */
  comeBack(): void {
    this.abandoned -= 1;
    if (this.abandoned === 0) {
      const next = this.whenIdle;
      this.whenIdle = undefined;
      next?.();
    }
  }
}
