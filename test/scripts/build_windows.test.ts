import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../support/tools.js';
import { windowsAddon } from '../support/windows_addon.js';
import { buildDirectory, missingWine, projectRoot, withLock } from '../support/wine.js';

const missing = missingWine();

describe.skipIf(missing !== undefined)(`scripts/build-windows.mjs ${missing ?? ''}`, () => {
  it('leaves an addon that is up to date alone: programs have it loaded', async () => {
    await windowsAddon();
    const addon = join(buildDirectory, 'windows', 'dokan.node');
    const before = statSync(addon, { bigint: true });
    const script = join(projectRoot, 'scripts', 'build-windows.mjs');
    await withLock(join(buildDirectory, 'windows.lock'), () =>
      run(process.execPath, [script], { deadline: 600_000 }),
    );
    const after = statSync(addon, { bigint: true });
    expect([after.ino, after.ctimeNs]).toEqual([before.ino, before.ctimeNs]);
  }, 1_200_000);
});
