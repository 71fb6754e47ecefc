import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { run } from '../support/tools.js';
import type { HostProcess, Resources } from './host_process.js';
import { mountPoint, startHost, withoutRoot } from './place.js';

const MIB = 1024 * 1024;
const lookups = Number(process.env['NODE_DOKAN_LOOKUPS'] ?? 100_000);

// Looks at numbered names, every second of which exists.
const LOOK = `
import os, sys
point, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + count):
    found = os.path.exists(f'{point}/many-{number}')
    assert found == (number % 2 == 0), number
`;

it.skipIf(withoutRoot)(
  `${lookups} names come and go without leaving anything behind`,
  async () => {
    const point = mountPoint();
    const host = await startHost({ nodeArgs: ['--expose-gc'] });
    await host.mount('one', point, { entryTimeout: 3_600_000, attributeTimeout: 3_600_000 });
    const round = Math.ceil(lookups / 5);
    const turn = async (first: number): Promise<void> => {
      await run('python3', ['-c', LOOK, point, String(first), String(round)], {
        deadline: 60_000 + lookups,
      });
      // Any remount makes the kernel let go of the names of this volume that nobody uses.
      await run('mount', ['-i', '-o', 'remount,ro', point]);
      await run('mount', ['-i', '-o', 'remount,rw', point]);
    };
    await turn(0);
    await turn(round);
    const settled = await forgotten(host);
    for (let number = 2; number < 5; number += 1) await turn(number * round);
    expect(await host.calls('one', 'queryOpen')).toBeGreaterThanOrEqual(lookups);
    await eventually('the heap to be as small as before', async () => {
      return (await host.resources()).heap < settled.heap + MIB;
    });
    const { rss } = await host.resources();
    expect(rss - settled.rss).toBeLessThan(48 * MIB);
    await eventually('no open to be left', async () => {
      return (await host.order('openCount', 'one')) === 0;
    });
    await host.unmount('one');
    expect(host.seen('error')).toEqual([]);
  },
  120_000 + lookups,
);

/** What is in use once the requests that forget names have been read: the heap no longer shrinks. */
async function forgotten(host: HostProcess): Promise<Resources> {
  let before = await host.resources();
  return eventually('the heap to settle', async () => {
    const now = await host.resources();
    const settled = Math.abs(now.heap - before.heap) < MIB / 20;
    before = now;
    return settled && now;
  });
}
