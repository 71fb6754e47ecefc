/** Requests that take long: pending ones are kept alive, a stuck thread's are given up. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fields, SimulatorClient } from '../../simulator/client.js';
import { eventually } from '../../support/eventually.js';
import { missingWine } from '../../support/wine.js';
import { RawHost } from '../raw_host.js';
import { checkUseOf } from '../extensions.js';

const missing = missingWine();

const ioTimeout = 0xc00000b5;
const insufficientResources = 0xc000009a;
const mebibyte = 1 << 20;

describe.skipIf(missing !== undefined)('requests and time', () => {
  let host: RawHost;
  let driver: SimulatorClient;
  let keeper: number;
  let volume: number;
  let open: Fields;

  beforeAll(async () => {
    host = await RawHost.start();
    // Keeps the simulator's socket while the volumes of the tests come and go.
    keeper = await host.mount({ mountPoint: 'K:' });
    driver = await host.simulator();
  }, 300_000);

  afterAll(async () => {
    await host.close(keeper);
    await host.end();
  });

  beforeEach(() => {
    volume = -1;
  });

  afterEach(async () => {
    if (volume >= 0) await host.close(volume);
    await checkUseOf(driver);
  });

  async function mount(operationTimeout: number | 'never', more: Fields = {}): Promise<void> {
    volume = await host.mount({ operationTimeout, ...more });
    const id = (await driver.must('mounts')).volumes.at(-1)?.volume;
    const created = await driver.must('create', { volume: id, name: '\\f', createDisposition: 1 });
    open = { volume: id, name: '\\f', context: created.context };
    await host.state(volume);
  }

  const read = (length = 10): ReturnType<typeof driver.order<'read'>> =>
    driver.order('read', { ...open, offset: 0, length });

  async function resetsOf(order: number): Promise<number[]> {
    const { resets } = await driver.must('timeouts');
    return resets.filter((reset) => reset.order === order).map(({ milliseconds }) => milliseconds);
  }

  it('extends the time of a pending request, for longer than a stuck thread would have', async () => {
    await mount(800, { timeout: 20_000 });
    await host.answer(volume, 'READ_FILE', { held: true });
    const order = driver.nextId;
    const pending = read();
    // One every 200 ms at most: three times as long as a stuck thread would have.
    const resets = await eventually('twelve extensions', async () => {
      const all = await resetsOf(order);
      return all.length >= 12 && all;
    });
    expect(new Set(resets)).toEqual(new Set([20_000]));
    await host.call('release', volume);
    expect(await pending).toMatchObject({ status: 0 });
    expect((await host.state(volume)).completions).toEqual([true]);
  });

  it('asks the driver for time every third of its time-out, 5 s at most', async () => {
    await mount('never');
    await host.answer(volume, 'READ_FILE', { held: true });
    const order = driver.nextId;
    const pending = read();
    const started = Date.now();
    const resets = await eventually('an extension', async () => {
      const all = await resetsOf(order);
      return all.length > 0 && all;
    });
    const elapsed = Date.now() - started;
    expect(elapsed).toBeGreaterThan(4_000);
    expect(resets.length).toBeLessThanOrEqual(Math.ceil(elapsed / 4_500));
    expect(new Set(resets)).toEqual(new Set([15_000]));
    await host.call('release', volume);
    expect(await pending).toMatchObject({ status: 0 });
  });

  it('extends no time that is not the driver’s: Mounted and Unmounted', async () => {
    volume = (await host.call('create')) as number;
    await host.answer(volume, 'MOUNTED', { delay: 1000 });
    await host.call('mount', volume, { operationTimeout: 800 });
    await host.answer(volume, 'UNMOUNTED', { delay: 1000 });
    const started = Date.now();
    await host.close(volume);
    expect(Date.now() - started).toBeGreaterThan(900);
    expect((await host.state(volume)).completions).toEqual([true, true]);
  });

  it('gives up taken and waiting requests of a thread that is stuck; goes on afterwards', async () => {
    await mount(400);
    await host.answer(volume, 'READ_FILE', { held: true });
    const taken = read();
    await eventually('the read to be taken', async () => {
      return ((await host.call('count', volume)) as number) === 1;
    });
    const stuck = await host.stuck(3000);
    const waiting = read();
    expect(await taken).toMatchObject({ status: ioTimeout });
    expect(await waiting).toMatchObject({ status: ioTimeout });
    expect(stuck.isBack()).toBe(false);
    await stuck.back;
    await host.call('release', volume);
    // The one never taken is not even seen.
    expect(await host.state(volume)).toMatchObject({ completions: [false], log: [{}] });
    expect(await read()).toMatchObject({ status: 0 });
    expect((await host.state(volume)).completions).toEqual([true]);
  });

  it('trap: cleanup and close are never asked again: shown though given up', async () => {
    await mount(400);
    const stuck = await host.stuck(2000);
    await driver.must('cleanup', { ...open, deleteOnClose: true });
    await driver.must('close', open);
    await stuck.back;
    await eventually('both to be seen', async () => {
      return ((await host.call('count', volume)) as number) === 2;
    });
    const { log } = await host.state(volume);
    expect(log).toMatchObject([{ operation: 'CLEANUP', name: '/f' }, { operation: 'CLOSE_FILE' }]);
  });

  it('gives nothing up when told so', async () => {
    await mount('never');
    const stuck = await host.stuck(1500);
    const waiting = read();
    await stuck.back;
    expect(await waiting).toMatchObject({ status: 0 });
  });

  it('cannot give up a request while JavaScript has its buffer', async () => {
    await mount(300);
    await host.answer(volume, 'READ_FILE', { stuckWithData: 1500 });
    const order = driver.nextId;
    const { status, payload } = await read(mebibyte);
    expect(status).toBe(0);
    expect(payload[1]).toBe(7);
    expect((await resetsOf(order)).length).toBeGreaterThan(3);
    const { completions, log } = await host.state(volume);
    expect(completions).toEqual([true]);
    expect(log[0]).toMatchObject({ exposed: true, detached: true });
    // In a block, it can.
    await host.answer(volume, 'READ_FILE', { block: true, stuckWithData: 1500 });
    expect(await read(mebibyte)).toMatchObject({ status: ioTimeout });
    await host.call('sleep', 1);
    expect((await host.state(volume)).completions).toEqual([false]);
  });

  it('waits for a slot when all are taken, and fails then; they come back', async () => {
    await mount(100);
    const stuck = await host.stuck(9000);
    const statuses = await Promise.all(
      Array.from({ length: 70 }, () => read().then(({ status }) => status)),
    );
    expect(statuses.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => ioTimeout));
    expect(statuses.slice(64)).toEqual(Array.from({ length: 6 }, () => insufficientResources));
    await stuck.back;
    await host.state(volume);
    const again = await Promise.all(Array.from({ length: 200 }, () => read()));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([0]));
  });
});
