import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for an observed state: asks again until `observe` gives something other than `undefined`
 * or `false`.
 * @param what - named in the error, e.g. `the mount to appear`
 * @param milliseconds - deadline
 * @throws Error when the deadline passes first
 */
export async function eventually<T>(
  what: string,
  observe: () => T | Promise<T>,
  milliseconds = 30_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const seen = await observe();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
    if (performance.now() > deadline) {
      throw new Error(`waited ${String(milliseconds)} ms for ${what}`);
    }
    await delay(5);
  }
}

/** Gives a promise a deadline. The work behind it goes on; the caller decides what to kill. */
export async function within<T>(what: string, milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: nothing within ${String(milliseconds)} ms`));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
