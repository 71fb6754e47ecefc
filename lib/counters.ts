import type { CallbackStatistics } from './callback_runner.js';
import { CALLBACKS } from './callbacks.js';
import type { DokanOperations } from './operations.js';

const KINDS = 3;

/**
 * How often each callback was called, and how many opens there are. The memory may be shared: one
 * thread counts, others look.
 */
export class Counters {
  readonly calls: Float64Array;
  readonly failures: Float64Array;
  readonly timeouts: Float64Array;
  /** One number: opens whose closeFile is not done. */
  readonly opens: Float64Array;

  /** @param memory - `Counters.size` bytes, all 0 in the beginning */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(Counters.size)) {
    const each = CALLBACKS.length;
    const bytes = each * Float64Array.BYTES_PER_ELEMENT;
    this.calls = new Float64Array(memory, 0, each);
    this.failures = new Float64Array(memory, bytes, each);
    this.timeouts = new Float64Array(memory, 2 * bytes, each);
    this.opens = new Float64Array(memory, KINDS * bytes, 1);
  }

  /** Bytes of memory. */
  static get size(): number {
    return (KINDS * CALLBACKS.length + 1) * Float64Array.BYTES_PER_ELEMENT;
  }
}

/** The counters of every callback that was called, added up. */
export function statisticsOf(
  all: readonly Counters[],
): Partial<Record<keyof DokanOperations, CallbackStatistics>> {
  const result: Partial<Record<keyof DokanOperations, CallbackStatistics>> = {};
  for (const { name, index } of CALLBACKS) {
    const sum = { calls: 0, failures: 0, timeouts: 0 };
    for (const { calls, failures, timeouts } of all) {
      sum.calls += calls[index] ?? 0;
      sum.failures += failures[index] ?? 0;
      sum.timeouts += timeouts[index] ?? 0;
    }
    if (sum.calls > 0) result[name] = sum;
  }
  return result;
}
