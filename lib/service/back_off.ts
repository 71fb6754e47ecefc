import type { BackOff } from './entry.js';

/** How long to wait before the next start: twice as long after each failure. */
export class Delays {
  readonly #backOff: BackOff;
  #failures = 0;

  constructor(backOff: BackOff) {
    this.#backOff = backOff;
  }

  /**
   * @param healthyFor - milliseconds the volume was mounted and well
   * @returns milliseconds
   */
  next(healthyFor: number): number {
    const { initial, maximum, resetAfter } = this.#backOff;
    if (healthyFor >= resetAfter) this.#failures = 0;
    const delay = initial * 2 ** Math.min(this.#failures, 30);
    this.#failures += 1;
    return Math.min(delay, maximum);
  }

  /** Somebody wants it now, and has perhaps repaired it. */
  reset(): void {
    this.#failures = 0;
  }
}
