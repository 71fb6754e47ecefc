import { existsSync, rmSync } from 'node:fs';
import { eventually } from '../support/eventually.js';

/** A JavaScript thread that does nothing else for a while. */
export interface StuckThread {
  readonly isBack: () => boolean;
  readonly back: Promise<unknown>;
}

/**
 * Waits until the thread is stuck: what is asked from now on meets it so.
 * @param marker - the file that the thread makes at its last opportunity
 * @param back - the answer to the order, which comes when it is free again
 */
export async function stuckThread(marker: string, back: Promise<unknown>): Promise<StuckThread> {
  let isBack = false;
  const noted = back.finally(() => {
    isBack = true;
  });
  noted.catch(() => undefined);
  await eventually('the thread to be stuck', () => existsSync(marker));
  rmSync(marker);
  return { isBack: () => isBack, back: noted };
}
