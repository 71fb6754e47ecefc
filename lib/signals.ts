import { settledWithin } from './settled_within.js';
import type { Volume } from './volume.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const volumes = new Set<Volume>();

/** Those that a signal has asked to go. */
const leaving = new WeakSet<Volume>();

/** How long a volume may take to go by itself, in milliseconds. */
const PATIENCE = 3_000;

/** One set of handlers serves all volumes that ask for it. */
export function unmountOnSignal(volume: Volume): void {
  if (volumes.size === 0) for (const signal of SIGNALS) process.on(signal, unmountAll);
  volumes.add(volume);
  void volume.closed.then(() => {
    volumes.delete(volume);
    if (volumes.size === 0) for (const signal of SIGNALS) process.off(signal, unmountAll);
  });
}

function unmountAll(): void {
  for (const volume of volumes) void leave(volume);
}

/**
 * In use or not, the signal means it: a volume that will not go, or not in time, is taken away. So
 * is one that is asked a second time.
 */
async function leave(volume: Volume): Promise<void> {
  const asked = leaving.has(volume);
  leaving.add(volume);
  try {
    const gone = asked ? 'failed' : await settledWithin(volume.unmount(), PATIENCE);
    if (gone !== 'done') await volume.unmount({ force: true });
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error(String(error)));
  }
}
