import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/tools.js';
import { libc } from '../support/left_out.js';
import { buildDirectory, projectRoot, withLock } from '../support/wine.js';

/** Where a prebuilt addon lies, below prebuilds/. */
export const prebuiltFor = {
  'linux-x64': `linux-x64/node.napi.${libc}.node`,
  'linux-arm64': `linux-arm64/node.napi.${libc}.node`,
  'win32-x64': 'win32-x64/node.napi.node',
} as const;
export type Target = keyof typeof prebuiltFor;

/** This machine, as node-gyp-build spells it. */
export const hostTarget = `linux-${process.arch}` as Target;

export const prebuiltPath = (target: Target): string =>
  join(projectRoot, 'prebuilds', prebuiltFor[target]);

function newestSource(): number {
  const native = join(projectRoot, 'native');
  const times = readdirSync(native, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(...times);
}

/** Builds the prebuilt addon of a platform, if sources are newer. Takes about a minute then. */
export function ensurePrebuilt(target: Target): Promise<void> {
  // One at a time: what is built for Windows is built where all tests for Windows have it from.
  const lock = target === 'win32-x64' ? 'windows.lock' : 'prebuild.lock';
  return withLock(join(buildDirectory, lock), async () => {
    const path = prebuiltPath(target);
    if (existsSync(path) && statSync(path).mtimeMs >= newestSource()) return;
    await run(process.execPath, [join(projectRoot, 'scripts', 'prebuild.mjs'), target], {
      deadline: 600_000,
    });
  });
}
