import type { Volume } from './volume.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const volumes = new Set<Volume>();

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

/** In use or not, the signal means it: a volume that will not go is taken away. */
async function leave(volume: Volume): Promise<void> {
  try {
    await volume.unmount();
  } catch {
    try {
      await volume.unmount({ force: true });
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
