import { loadWindowsAddon } from './addon.js';

type Listener = (line: string) => void;

/** The driver does not say which volume its lines are about: all that want them get all. */
const listeners = new Set<Listener>();

/** @returns what ends it */
export function listenToDriver(listener: Listener): () => void {
  if (listeners.size === 0) loadWindowsAddon().onDriverLog(tellAll);
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) {
      loadWindowsAddon().onDriverLog(undefined);
    }
  };
}

function tellAll(line: string): void {
  for (const listener of listeners) listener(line);
}
