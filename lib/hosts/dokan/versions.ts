import { loadWindowsAddon } from './addon.js';
import { mountFailure } from './mount_failure.js';

/** The Dokan that is installed. */
export interface DokanVersions {
  /** Path of the library that was loaded. */
  readonly libraryPath: string;
  /** Version of the library, 231 for 2.3.1. */
  readonly library: number;
  /** Version of the driver, as it numbers itself (0x190); `undefined` when there is no driver. */
  readonly driver: number | undefined;
}

/** As `dokanVersions` in index.ts. */
export async function installedVersions(libraryPath: string | undefined): Promise<DokanVersions> {
  try {
    const { path, library, driver } = await loadWindowsAddon().versions(libraryPath);
    return { libraryPath: path, library, driver: driver === 0 ? undefined : driver };
  } catch (error) {
    throw mountFailure(libraryPath ?? 'dokan2.dll', error);
  }
}
