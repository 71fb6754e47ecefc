import { MountError } from './errors.js';
import type { DokanVersions } from './hosts/dokan/versions.js';
import { resolveLibraryOptions, type LibraryOptions } from './options.js';

export type { DokanVersions };

/**
 * Windows: which Dokan is installed.
 * @throws OptionError for options that are wrong
 * @throws MountError ERR_DOKAN_NOT_INSTALLED, ERR_DOKAN_VERSION; ERR_UNSUPPORTED_PLATFORM elsewhere
 */
export async function dokanVersions(options?: LibraryOptions): Promise<DokanVersions> {
  const { libraryPath } = resolveLibraryOptions(options);
  if (process.platform !== 'win32') {
    throw new MountError({
      code: 'ERR_UNSUPPORTED_PLATFORM',
      mountPoint: libraryPath ?? 'dokan2.dll',
      problem: `There is no Dokan on ${process.platform}`,
      cure: 'It is for Windows; on Linux, volumes are mounted through FUSE.',
    });
  }
  return (await import('./hosts/dokan/versions.js')).installedVersions(libraryPath);
}
