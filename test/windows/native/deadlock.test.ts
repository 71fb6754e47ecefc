/** A process that uses its own volume while the thread that serves it waits. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fields, SimulatorClient } from '../../simulator/client.js';
import { eventually } from '../../support/eventually.js';
import { missingWine } from '../../support/wine.js';
import { RawHost } from '../raw_host.js';

const possibleDeadlock = 0xc0000194;

describe.skipIf(missingWine() !== undefined)('a process that uses its own volume', () => {
  let host: RawHost;
  let driver: SimulatorClient;
  let keeper: number;
  let volume: number;
  let open: Fields;
  let own: number;

  beforeAll(async () => {
    host = await RawHost.start();
    keeper = await host.mount({ mountPoint: 'K:' });
    driver = await host.simulator();
    own = (await host.call('processId')) as number;
  }, 300_000);

  afterAll(async () => {
    await host.close(keeper);
    await host.end();
  });

  afterEach(async () => {
    await host.close(volume);
  });

  async function mount(): Promise<void> {
    volume = await host.mount({ operationTimeout: 60_000 });
    const id = (await driver.must('mounts')).volumes.at(-1)?.volume;
    const created = await driver.must('create', { volume: id, name: '\\f', createDisposition: 1 });
    open = { volume: id, name: '\\f', context: created.context };
    await host.state(volume);
  }

  const readBy = (processId: number): ReturnType<typeof driver.order<'read'>> =>
    driver.order('read', { ...open, offset: 0, length: 10, processId });

  const seen = (count: number): Promise<unknown> =>
    eventually('the requests', async () => (await host.call('count', volume)) === count);

  it('gets POSSIBLE_DEADLOCK; others are answered when the thread is back', async () => {
    await mount();
    const blocked = await host.blocked(6_000);
    const other = readBy(own + 1);
    expect(await readBy(own)).toMatchObject({ status: possibleDeadlock });
    expect(blocked.isBack()).toBe(false);
    expect(await other).toMatchObject({ status: 0 });
    expect(await readBy(own)).toMatchObject({ status: 0 });
    // The one that was refused is never seen.
    expect((await host.state(volume)).completions).toEqual([true, true]);
  });

  it('gets its answer when the thread only computes', async () => {
    await mount();
    const stuck = await host.stuck(3_000);
    expect(await readBy(own)).toMatchObject({ status: 0 });
    await stuck.back;
  });

  it('gets its answer, late as it may be, when the thread is at its event loop', async () => {
    await mount();
    await host.answer(volume, 'READ_FILE', { delay: 7_000 });
    expect(await readBy(own)).toMatchObject({ status: 0 });
  });

  it('gets POSSIBLE_DEADLOCK later for what was taken', async () => {
    await mount();
    await host.answer(volume, 'READ_FILE', { held: true });
    const taken = readBy(own);
    await seen(1);
    const short = await host.blocked(2_000);
    await short.back;
    expect((await host.state(volume)).held).toBe(1);
    const blocked = await host.blocked(9_000);
    expect(await taken).toMatchObject({ status: possibleDeadlock });
    expect(blocked.isBack()).toBe(false);
    await blocked.back;
    await host.call('release', volume);
    expect((await host.state(volume)).completions).toEqual([false]);
  });

  it('has its cleanup and close seen nevertheless', async () => {
    await mount();
    const blocked = await host.blocked(6_000);
    await driver.must('cleanup', { ...open, processId: own });
    await driver.must('close', { ...open, processId: own });
    expect(blocked.isBack()).toBe(false);
    await blocked.back;
    await seen(2);
    const { log } = await host.state(volume);
    expect(log).toMatchObject([{ operation: 'CLEANUP' }, { operation: 'CLOSE_FILE' }]);
  });
});
