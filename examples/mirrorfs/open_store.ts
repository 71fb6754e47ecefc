import type { BackingStore } from './backing_store.js';

// The natives behind the one exist on Linux only: it is not even imported elsewhere.
const Store =
  process.platform === 'linux'
    ? (await import('./linux_store.js')).LinuxStore
    : (await import('./portable_store.js')).PortableStore;

/** The best backing store this system has, for the directory `root`. */
export function openStore(root: string): BackingStore {
  return new Store(root);
}
