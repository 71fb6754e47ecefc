/**
 * What a callback costs, against the shortest way that Node-API offers. With NODE_DOKAN_ROUND_TRIPS
 * (20000 for a figure, on a machine that does nothing else) it prints the nanoseconds of each.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { windowsAddon } from '../../support/windows_addon.js';
import { windowsProbe } from '../../support/windows_probe.js';
import {
  missingWine,
  projectRoot,
  runWindows,
  windowsNode,
  windowsPath,
} from '../../support/wine.js';

const missing = missingWine();

const figure = process.env['NODE_DOKAN_ROUND_TRIPS'];

describe.skipIf(missing !== undefined)('a round trip', () => {
  it('goes through the request queue, and through a threadsafe function', async () => {
    const program = join(projectRoot, 'test', 'windows', 'programs', 'round_trip.mjs');
    const paths = [program, await windowsAddon(), await windowsProbe()].map(windowsPath);
    const { stdout, stderr } = await runWindows(
      await windowsNode(22),
      [...paths, figure ?? '200'],
      {
        deadline: 120_000,
      },
    );
    expect(stderr).toBe('');
    if (figure !== undefined) console.log(stdout.trim());
    // That all work; how fast is for the benchmark to say, not for a busy machine.
    const nanoseconds = JSON.parse(stdout) as Record<string, number>;
    const names = ['dokan', 'sleeping', 'spinning', 'dokan8', 'sleeping8', 'spinning8'];
    expect(Object.keys(nanoseconds)).toEqual(names);
    for (const value of Object.values(nanoseconds)) expect(value).toBeGreaterThan(0);
  }, 200_000);
});
