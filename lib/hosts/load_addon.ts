import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The native addon cannot be used. `cause` has what the loader said. */
export class AddonError extends Error {
  readonly code = 'ERR_ADDON';
  override readonly name = 'AddonError';
}

/**
 * Loads the build of the addon for this system.
 * @param platform - what it must be, as `process.platform` says it
 * @param need - what the error begins with on any other: `'FUSE volumes need Linux'`
 * @throws AddonError when this is another system, or no build of the addon fits or loads
 */
export function loadAddon(platform: NodeJS.Platform, need: string): unknown {
  if (process.platform !== platform) {
    throw new AddonError(`${need}, this is ${process.platform}`);
  }
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build') as (
    directory: string,
  ) => unknown;
  try {
    return nodeGypBuild(root);
  } catch (cause) {
    throw new AddonError(
      `The native addon of node-dokan does not load on ${process.platform}-${process.arch}, ` +
        `Node ${process.versions.node}. Run "npm rebuild node-dokan" (in its own source: ` +
        `"npm run build"), which needs a C++20 compiler where no prebuilt addon fits. ` +
        `The loader said: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
