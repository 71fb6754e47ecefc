import { isAbsolute, join } from 'node:path';
import { run } from './tools.js';
import { buildDirectory, projectRoot, withLock } from './wine.js';

let built: Promise<string> | undefined;

/**
 * The addon for Windows, cross-built as far as it is out of date; another one where
 * NODE_DOKAN_TEST_ADDON names it.
 * @returns its path
 */
export function windowsAddon(): Promise<string> {
  const given = process.env['NODE_DOKAN_TEST_ADDON'] ?? '';
  if (given !== '') return Promise.resolve(isAbsolute(given) ? given : join(projectRoot, given));
  // Test files run in processes of their own, side by side.
  built ??= withLock(join(buildDirectory, 'windows.lock'), async () => {
    const script = join(projectRoot, 'scripts', 'build-windows.mjs');
    await run(process.execPath, [script], { deadline: 600_000 });
    return join(buildDirectory, 'windows', 'dokan.node');
  });
  return built;
}
