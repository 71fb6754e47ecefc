import type { Effect } from './callbacks.js';
import { DokanError } from './errors.js';
import { Members } from './members.js';
import { NtStatus } from './status.js';
import type { Interruptible } from './target.js';

/** Waits in one place for all outstanding calls of a volume: one timer, only while there is a call. */
export class Deadlines {
  readonly #calls = new Members<RunningCall>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #due = Infinity;

  get size(): number {
    return this.#calls.size;
  }

  add(call: RunningCall): void {
    this.#calls.add(call);
    this.schedule(call.deadline);
  }

  delete(call: RunningCall): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#stop();
  }

  /** Makes sure that someone looks at `time` (milliseconds of performance.now()). */
  schedule(time: number): void {
    if (time >= this.#due) return;
    this.#stop();
    this.#due = time;
    // setTimeout counts in 31 bits; a later deadline is simply looked at more than once.
    const delay = Math.min(Math.max(1, Math.ceil(time - performance.now())), 0x7fffffff);
    this.#timer = setTimeout(() => this.#expire(), delay);
  }

  /**
   * Fails outstanding calls.
   * @param releasesToo - also those that release something, which a volume that ends still waits for
   */
  failAll(status: number, releasesToo: boolean): void {
    for (const call of this.#calls.all()) {
      if (releasesToo || !call.releases) call.fail(status);
    }
  }

  #expire(): void {
    this.#stop();
    const now = performance.now();
    let next = Infinity;
    for (const call of this.#calls.all()) {
      if (call.deadline <= now) call.expire();
      else next = Math.min(next, call.deadline);
    }
    if (next < Infinity) this.schedule(next);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Infinity;
  }
}

/**
 * How long a change may go on after its request was interrupted, in milliseconds. Whoever asked is
 * to learn what came of it, and cannot even be killed while it waits.
 */
const LAST_CHANCE = 1_000;

/** One callback whose promise is outstanding. */
export class RunningCall implements Interruptible {
  deadline: number;
  /** Among those that are waited for. */
  position = -1;
  readonly #deadlines: Deadlines;
  readonly #effect: Effect;
  readonly #giveUp: (error: DokanError) => void;
  #controller: AbortController | undefined = undefined;
  /** Why the kernel no longer wants the answer. */
  #reason: DokanError | undefined = undefined;
  #answered = false;
  #returned = false;
  #whenReturned: Promise<void> | undefined = undefined;
  #tellReturned: (() => void) | undefined = undefined;
  /** What it fails with when its time is over. */
  #expiry: number = NtStatus.IO_TIMEOUT;

  /**
   * @param timeout - milliseconds
   * @param giveUp - answers the request with an error while the callback is still running
   */
  constructor(
    deadlines: Deadlines,
    timeout: number,
    effect: Effect,
    giveUp: (error: DokanError) => void,
  ) {
    this.#deadlines = deadlines;
    this.deadline = performance.now() + timeout;
    this.#effect = effect;
    this.#giveUp = giveUp;
    deadlines.add(this);
  }

  get releases(): boolean {
    return this.#effect === 'releases';
  }

  /** The request is answered, though the callback may still be running. */
  get answered(): boolean {
    return this.#answered;
  }

  /** What the callback sees; one that asks only after it was given up on learns so at once. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  whenReturned(): Promise<void> | undefined {
    if (this.#returned) return undefined;
    return (this.#whenReturned ??= new Promise((resolve) => (this.#tellReturned = resolve)));
  }

  /** The callback's promise is settled. */
  comeBack(): void {
    this.#returned = true;
    this.#tellReturned?.();
  }

  /** The callback asked for its signal before it returned its promise. */
  adopt(controller: AbortController): void {
    this.#controller = controller;
  }

  /** @param milliseconds - time from now */
  extend(milliseconds: number): void {
    if (this.#answered) return;
    this.deadline = performance.now() + milliseconds;
    this.#deadlines.schedule(this.deadline);
  }

  /**
   * The signal fires. A request that changes nothing is answered at once; one that may have
   * changed something is answered with what it did, if the callback comes back soon.
   */
  interrupt(): void {
    if (this.#answered || this.#reason !== undefined) return;
    if (this.#effect === 'none') return this.fail(NtStatus.CANCELLED);
    // Before the signal, so that who listens to it can ask for more time.
    if (this.#effect === 'changes' && this.deadline > performance.now() + LAST_CHANCE) {
      this.#expiry = NtStatus.CANCELLED;
      this.extend(LAST_CHANCE);
    }
    this.#abort(new DokanError(NtStatus.CANCELLED));
  }

  /** Its time is over. */
  expire(): void {
    this.fail(this.#expiry);
  }

  /** The signal fires and the request fails now. */
  fail(status: number): void {
    if (this.#answered) return;
    const error = new DokanError(status);
    // The request first: what listens to the signal is the file system's own code.
    this.#giveUp(error);
    this.#abort(error);
  }

  /** The request is answered, one way or the other. */
  done(): void {
    this.#answered = true;
    this.#deadlines.delete(this);
  }

  #abort(reason: DokanError): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}
