/** The life of volumes and of the environments they belong to, to each of their ends. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Fields, Reply, SimulatorClient } from '../../simulator/client.js';
import { eventually, within } from '../../support/eventually.js';
import { missingWine, type NodeMajor } from '../../support/wine.js';
import { RawHost } from '../raw_host.js';
import { checkUseOf } from '../extensions.js';

const missing = missingWine();

const volumeDismounted = 0xc000026e;
const versions: NodeMajor[] = [20, 22];

describe.skipIf(missing !== undefined).each(versions)('the life of volumes, Node %d', (node) => {
  let host: RawHost;

  afterEach(async () => {
    await host.end();
  });

  async function start(): Promise<void> {
    host = await RawHost.start({ node });
  }

  async function open(driver: SimulatorClient, volume?: number): Promise<Fields> {
    const which = volume === undefined ? {} : { volume };
    const { context } = await driver.must('create', {
      ...which,
      name: '\\f',
      createDisposition: 1,
    });
    return { ...which, name: '\\f', context };
  }

  const read = (driver: SimulatorClient, opened: Fields, length = 10): Promise<Reply> =>
    driver.order('read', { ...opened, offset: 0, length });

  /** Waits until JavaScript has so many requests, then ends the process through `call`. */
  async function endWithRequests(call: string, ...args: unknown[]): Promise<number | null> {
    await start();
    const volume = await host.mount();
    const driver = await host.simulator();
    const opened = await open(driver);
    await host.state(volume);
    await host.answer(volume, 'READ_FILE', { held: true, always: true });
    // One exposed, one in a block, and more than Dokan has threads for.
    const reads = [read(driver, opened, 1 << 20), read(driver, opened), read(driver, opened)];
    for (const one of reads) one.catch(() => undefined);
    await eventually('requests in flight', async () => {
      return ((await host.call('count', volume)) as number) >= 2;
    });
    void host.call(call, ...args).catch(() => undefined);
    const { code } = await within('the end of the process', 20_000, host.process.exit);
    await expect(Promise.all(reads)).rejects.toThrow(/closed/);
    return code;
  }

  it('ends at process.exit with requests in flight', async () => {
    expect(await endWithRequests('exit', 42)).toBe(42);
  }, 120_000);

  it('ends with an uncaught exception with requests in flight', async () => {
    expect(await endWithRequests('raise')).toBe(1);
    expect(host.process.stderr).toMatch(/Error: uncaught/);
  }, 120_000);

  it('ends by itself once everything is closed, not before', async () => {
    await start();
    const volume = await host.mount();
    const started = Date.now();
    host.call('end', volume).catch(() => undefined);
    const { code } = await within('the end of the process', 20_000, host.process.exit);
    expect(code).toBe(0);
    expect(Date.now() - started).toBeGreaterThan(600);
  }, 120_000);

  it('does not end before the handle of an unmounted volume is released', async () => {
    await start();
    await host.mount();
    const driver = await host.simulator();
    await driver.must('unmountOutside', { mountPoint: 'M:' });
    host.call('end').catch(() => undefined);
    await host.alive();
    expect(host.process.running).toBe(true);
  }, 120_000);

  it('tells once that Dokan closed the file system, whoever did it', async () => {
    await start();
    const keeper = await host.mount({ mountPoint: 'K:' });
    const driver = await host.simulator();
    for (const polled of [false, true]) {
      if (polled) {
        await driver.must('fail', { call: 'DokanRegisterWaitForFileSystemClosed', result: 0 });
      }
      const ejected = await host.mount();
      await driver.must('unmountOutside', { mountPoint: 'M:' });
      await eventually('onClosed', async () => {
        return (await host.state(ejected)).closedCalls === 1;
      });
      await host.close(ejected);
      await host.close(ejected);
      expect((await host.state(ejected)).closedCalls).toBe(1);
      const closed = await host.mount();
      await Promise.all([host.close(closed), host.close(closed)]);
      expect(await host.state(closed)).toMatchObject({ closedCalls: 1 });
    }
    expect((await host.state(keeper)).closedCalls).toBe(0);
  }, 120_000);

  it('refuses what comes too late or twice', async () => {
    await start();
    const volume = await host.mount();
    await expect(host.call('mount', volume, {})).rejects.toThrow(/once/);
    await host.close(volume);
    expect(await host.call('raw', volume, 'take')).toBe(0);
    expect(await host.call('raw', volume, 'complete', 3)).toBe(false);
    expect(await host.call('raw', volume, 'complete', 99)).toBe(false);
    expect(await host.call('raw', volume, 'expose', 3)).toBeNull();
    expect(await host.call('raw', volume, 'blockFor', 3)).toBe(-1);
    expect(await host.call('notify', volume, 2, 'M:\\f')).toBe(false);
    const closed = (await host.call('create')) as number;
    await host.close(closed);
    await expect(host.call('mount', closed, {})).rejects.toMatchObject({ code: 'ECLOSED' });
    const mounting = (await host.call('create')) as number;
    const mount = host.call('mount', mounting, {});
    const closing = host.close(mounting);
    await Promise.allSettled([mount, closing]);
    await closing;
  }, 120_000);

  it('mounts several volumes side by side, also in Workers', async () => {
    await start();
    const first = await host.mount({ mountPoint: 'A:' });
    const second = await host.mount({ mountPoint: 'B:' });
    const third = (await host.call('worker', {
      ...{ mountPoint: 'X:' },
    })) as { worker: number; mountPoint: string };
    expect(third.mountPoint).toBe('X:');
    const driver = await host.simulator();
    const { volumes } = await driver.must('mounts');
    expect(volumes.map(({ mountPoint }) => mountPoint).sort()).toEqual(['A:', 'B:', 'X:']);
    const opens = await Promise.all(volumes.map(({ volume }) => open(driver, volume)));
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, index) => read(driver, opens[index % 3] as Fields)),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([0]));
    for (const volume of [first, second]) expect((await host.log(volume)).length).toBe(22);
    await host.close(second);
    expect((await driver.must('mounts')).volumes).toHaveLength(2);
  }, 120_000);

  it('a Worker that is terminated: its requests fail at once, its volume goes, others stay', async () => {
    await start();
    await host.mount({ mountPoint: 'A:' });
    const driver = await host.simulator();
    const kept = (await driver.must('mounts')).volumes[0]?.volume;
    for (let round = 0; round < 3; round++) {
      const { worker } = (await host.call('worker', { mountPoint: 'M:' }, [
        ['READ_FILE', { held: true, always: true }],
      ])) as { worker: number };
      const id = (await driver.must('mounts')).volumes.at(-1)?.volume;
      const opened = await open(driver, id);
      const before = (await driver.must('counters')).callbacks['ReadFile'] ?? 0;
      // Exposed, in a block, and in Dokan's own queue.
      const reads = [1 << 20, 10, 10, 10].map((length) => read(driver, opened, length));
      await eventually('requests in flight', async () => {
        const { callbacks } = await driver.must('counters');
        return (callbacks['ReadFile'] ?? 0) >= before + 2;
      });
      const started = Date.now();
      await within('the Worker to end', 10_000, host.call('terminate', worker));
      const statuses = new Set((await Promise.all(reads)).map(({ status }) => status));
      // Not when their time is over, which is a minute.
      expect(Date.now() - started).toBeLessThan(20_000);
      // Cancelled by the driver, when that was faster.
      for (const status of statuses) expect([volumeDismounted, 0xc0000120]).toContain(status);
      const { volumes } = await driver.must('mounts');
      expect(volumes.map(({ volume }) => volume)).toEqual([kept]);
    }
    expect(await read(driver, await open(driver, kept))).toMatchObject({ status: 0 });
    await checkUseOf(driver);
  }, 180_000);

  it('a Worker that is terminated while it mounts', async () => {
    await start();
    await host.mount({ mountPoint: 'A:' });
    const driver = await host.simulator();
    for (let round = 0; round < 5; round++) {
      const { worker } = (await host.call('worker', { mountPoint: 'M:' }, [], {
        unmounted: true,
      })) as { worker: number };
      await host.call('sleep', round * 60);
      await within('the Worker to end', 10_000, host.call('terminate', worker));
      await eventually('its volume to go', async () => {
        return (await driver.must('mounts')).volumes.length === 1;
      });
    }
  }, 180_000);

  it('a Worker that closes its volume ends by itself', async () => {
    await start();
    const { worker } = (await host.call('worker', { mountPoint: 'M:' }, [], {
      close: true,
    })) as { worker: number };
    expect(await within('the Worker to end', 10_000, host.call('closeWorker', worker))).toBe(0);
  }, 120_000);
});
