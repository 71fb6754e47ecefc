import { settledWithin } from './settled_within.js';
import type { Volume } from './volume.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Volumes, from the moment they are being mounted. */
const volumes = new Set<Promise<Volume>>();

/** Those that a signal has asked to go. */
const leaving = new WeakSet<Promise<Volume>>();

/** How long a volume may take to go by itself, in milliseconds. */
const PATIENCE = 3_000;

/**
 * One set of handlers serves all volumes that ask for it.
 * @param volume - of a mount that is under way: a signal would end the process between the kernel's
 *   mount and ours, and leave a dead one. It waits for the volume instead, and then takes it away
 */
export function unmountOnSignal(volume: Promise<Volume>): void {
  if (volumes.size === 0) for (const signal of SIGNALS) process.on(signal, unmountAll);
  volumes.add(volume);
  const forget = (): void => {
    volumes.delete(volume);
    if (volumes.size === 0) for (const signal of SIGNALS) process.off(signal, unmountAll);
  };
  // That it could not be mounted is told to whoever mounts.
  volume.then(({ closed }) => closed.then(forget), forget);
}

function unmountAll(): void {
  for (const volume of volumes) void leave(volume);
}

/**
 * In use or not, the signal means it: a volume that will not go, or not in time, is taken away. So
 * is one that is asked a second time.
 */
async function leave(mounting: Promise<Volume>): Promise<void> {
  const asked = leaving.has(mounting);
  leaving.add(mounting);
  let volume: Volume;
  try {
    volume = await mounting;
  } catch {
    return;
  }
  try {
    const gone = asked ? 'failed' : await settledWithin(volume.unmount({ timeout: 0 }), PATIENCE);
    if (gone !== 'done') await volume.unmount({ force: true, timeout: 0 });
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error(String(error)));
  }
}
