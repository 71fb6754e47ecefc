import { DokanError } from './errors.js';
import { NtStatus } from './status.js';
import type { Interruptible } from './target.js';

/** Waits in one place for all outstanding calls of a volume: one timer, only while there is a call. */
export class Deadlines {
  readonly #calls = new Set<RunningCall>();
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

  /** Fails every outstanding call. */
  failAll(status: number): void {
    for (const call of [...this.#calls]) call.fail(status);
  }

  #expire(): void {
    this.#stop();
    const now = performance.now();
    let next = Infinity;
    for (const call of [...this.#calls]) {
      if (call.deadline <= now) call.fail(NtStatus.IO_TIMEOUT);
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

/** One callback whose promise is outstanding. */
export class RunningCall implements Interruptible {
  deadline: number;
  readonly #deadlines: Deadlines;
  readonly #interruptible: boolean;
  readonly #giveUp: (error: DokanError) => void;
  #controller: AbortController | undefined = undefined;

  /**
   * @param interruptible - nothing is lost when the request is answered before the callback is done
   * @param giveUp - answers the request with an error while the callback is still running
   */
  constructor(
    deadlines: Deadlines,
    timeout: number,
    interruptible: boolean,
    giveUp: (error: DokanError) => void,
  ) {
    this.#deadlines = deadlines;
    this.deadline = performance.now() + timeout;
    this.#interruptible = interruptible;
    this.#giveUp = giveUp;
    deadlines.add(this);
  }

  /** The callback asked for its signal. */
  adopt(controller: AbortController): void {
    this.#controller = controller;
  }

  extend(milliseconds: number): void {
    this.deadline = performance.now() + milliseconds;
    this.#deadlines.schedule(this.deadline);
  }

  /**
   * The signal fires. A request that changes nothing is answered at once; one that may have
   * changed something is answered with what it did, when the callback comes back.
   */
  interrupt(): void {
    const error = new DokanError(NtStatus.CANCELLED);
    this.#controller?.abort(error);
    if (this.#interruptible) this.#giveUp(error);
  }

  /** The signal fires and the request fails now. */
  fail(status: number): void {
    const error = new DokanError(status);
    this.#controller?.abort(error);
    this.#giveUp(error);
  }

  /** The request is answered, one way or the other. */
  done(): void {
    this.#deadlines.delete(this);
  }
}
