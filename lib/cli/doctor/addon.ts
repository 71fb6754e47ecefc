import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '../../hosts/load_addon.js';
import { ok, problem, type Finding } from './finding.js';

interface NodeGypBuild {
  path(directory: string): string;
}

/** Whether the native addon loads, and which build of it. */
export function checkAddon(): Finding {
  try {
    loadAddon(process.platform, 'Volumes need Linux or Windows');
    const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build') as NodeGypBuild;
    const path = nodeGypBuild.path(fileURLToPath(new URL('../../../', import.meta.url)));
    return ok('addon', `the native addon loads: ${path}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return problem('addon', reason, 'Run "npm rebuild node-dokan".');
  }
}
