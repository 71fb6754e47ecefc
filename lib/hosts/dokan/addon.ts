import { loadAddon } from '../load_addon.js';
import type { WindowsAddon } from './native.js';

let loaded: WindowsAddon | undefined;

/**
 * Loads the addon on first use. Dokan itself is not needed for that.
 * @throws AddonError when this is not Windows, or no build of the addon fits or loads
 */
export function loadWindowsAddon(): WindowsAddon {
  loaded ??= loadAddon('win32', 'Dokan volumes need Windows') as WindowsAddon;
  return loaded;
}

/** For tests: another one in its place. @returns what was there before */
export function useWindowsAddon(other: WindowsAddon | undefined): WindowsAddon | undefined {
  const before = loaded;
  loaded = other;
  return before;
}
