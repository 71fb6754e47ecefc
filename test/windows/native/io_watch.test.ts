/** The watch over Dokan's threads that transfer data themselves, by a clock of the test's own. */
import { describe, expect, it } from 'vitest';
import { windowsProbe } from '../../support/windows_probe.js';
import { missingWine, windowsPath } from '../../support/wine.js';
import { RawHost } from '../raw_host.js';

describe.skipIf(missingWine() !== undefined)('the watch over transfers', () => {
  it('gives up what has taken its time, and nothing sooner', async () => {
    const host = await RawHost.start({ env: { DOKAN_PROBE: windowsPath(await windowsProbe()) } });
    try {
      const results = (await host.call('watchedReads')) as Record<string, boolean>;
      expect(Object.keys(results)).toHaveLength(18);
      expect(Object.entries(results).filter(([, holds]) => !holds)).toEqual([]);
    } finally {
      await host.end();
    }
  }, 300_000);
});
