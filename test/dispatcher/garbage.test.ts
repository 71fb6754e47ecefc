import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { NO_CALLER } from '../../lib/open_file.js';
import { release, type Open } from '../../lib/target.js';
import { caller, harness, OPEN } from './harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

/** Bytes that only a collection of the whole heap could take away. */
function old(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}

/** Bytes that become old at each of so many calls. Others make some too, now and then: the least counts. */
async function growth(count: number, call: (count: number) => unknown): Promise<number> {
  await call(count);
  let least = Infinity;
  for (let round = 0; round < 5; round += 1) {
    collect();
    const before = old();
    await call(count);
    least = Math.min(least, (old() - before) / count);
  }
  return least;
}

// What a collection of young objects finds referred to by an old one stays, be that one dead.
it('of opens that have ended is young when it is collected', async () => {
  const { dispatcher } = harness({ createFile: () => 'opened', closeFile: () => undefined });
  const opens = (count: number): void => {
    for (let number = 0; number < count; number += 1) {
      const open = dispatcher.createFile('/file', OPEN, NO_CALLER) as Open;
      void release(dispatcher, open, '/file', NO_CALLER);
      if (number % 1000 === 999) collect({ type: 'minor' });
    }
  };
  expect(await growth(20_000, opens)).toBeLessThan(20);
});

it('of requests that were answered later is young when it is collected', async () => {
  const { dispatcher } = harness({ queryOpen: () => Promise.resolve({ size: 1 }) });
  const requests = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number += 1) {
      await dispatcher.lookUp('/file', caller());
      if (number % 1000 === 999) collect({ type: 'minor' });
    }
  };
  expect(await growth(20_000, requests)).toBeLessThan(20);
});
