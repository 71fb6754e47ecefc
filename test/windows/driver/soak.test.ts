import { afterEach, describe, expect, test } from 'vitest';
import type { SimulatorClient } from '../../simulator/client.js';
import { eventually, within } from '../../support/eventually.js';
import { missingWine } from '../../support/wine.js';
import { checkCounters, WindowsHost } from './host_process.js';
import { MixedLoad } from './mixed_load.js';
import { Scene } from './scene.js';
import { processCounts } from '../extensions.js';

const missing = missingWine();
const THREADS = 8;

let host: WindowsHost;
let simulator: SimulatorClient;

async function start(threads = THREADS): Promise<void> {
  host = await WindowsHost.start({ env: { DOKAN_SIMULATOR_THREADS: String(threads) } });
  simulator = await host.simulator();
}

/** The volume at a place, whoever has mounted it. */
async function sceneAt(mountPoint: string): Promise<Scene> {
  const { volumes } = await simulator.must('mounts');
  const { volume } = volumes.find((each) => each.mountPoint === mountPoint)!;
  return new Scene(host, simulator, mountPoint, mountPoint, volume);
}

async function mount(point: string): Promise<Scene> {
  await host.mount(point, point);
  return sceneAt(point);
}

async function startWorker(point: string): Promise<Scene> {
  await host.order('worker', point, point, {});
  return sceneAt(point);
}

/** Reads that are never answered, one for each thread but one, which has to learn of the end. */
async function neverAnswered(scene: Scene, name = '\\never'): Promise<Promise<string>[]> {
  const opened = await scene.open(name);
  const { callbacks } = await simulator.must('counters');
  const before = callbacks['ReadFile'] ?? 0;
  const reads = Array.from({ length: THREADS - 1 }, async () => {
    return scene.status('read', { ...opened, offset: 0, length: 100_000 });
  });
  for (const read of reads) read.catch(() => undefined);
  await eventually('the reads to arrive', async () => {
    const { callbacks: now } = await simulator.must('counters');
    return (now['ReadFile'] ?? 0) === before + reads.length;
  });
  return reads;
}

/** The driver's word for it, and the addon's, whichever comes first. */
const GONE = ['CANCELLED', 'VOLUME_DISMOUNTED'];

describe.skipIf(missing !== undefined)(`ends of all kinds ${missing ?? ''}`.trim(), () => {
  afterEach(() => host.kill());

  test.each(['terminated', 'stuck and terminated', 'failing'])(
    'a Worker that is %s with requests in flight',
    { timeout: 120_000 },
    async (how) => {
      await start();
      const scene = await startWorker('N:');
      const reads = await neverAnswered(scene, how.startsWith('stuck') ? '\\stuck' : '\\never');
      if (how === 'failing') await host.order('postToWorker', 'N:', 'throw');
      else await within('the end of the Worker', 20_000, host.order('terminate', 'N:'));
      await host.event('worker ended');
      for (const status of await Promise.all(reads)) expect(GONE).toContain(status);
      await scene.idle();
      const { volumes } = await simulator.must('mounts');
      expect(volumes.map(({ mountPoint }) => mountPoint)).toEqual(['K:']);
      // The process is none the worse for it, and the place is free.
      const after = await mount('N:');
      await after.close(await after.open());
      await after.unmount();
      await host.end(simulator);
    },
  );

  test.each([
    ['process.exit', 'exit', 7],
    ['an uncaught exception', 'throw', 7],
  ])('%s with requests in flight', { timeout: 120_000 }, async (_how, order) => {
    await start();
    const scene = await mount('M:');
    const worker = await startWorker('N:');
    await scene.answer('readFile', { always: true, hold: 'for ever' });
    const reads = [...(await neverAnswered(scene)), ...(await neverAnswered(worker))];
    await host.ask(order, 3).catch(() => undefined);
    const { code, stderr } = await within('the end', 20_000, host.process.exit);
    expect({ code, stderr: order === 'exit' ? stderr : '' }).toEqual({
      code: order === 'exit' ? 3 : 1,
      stderr: '',
    });
    for (const read of await Promise.allSettled(reads)) {
      // Nobody may be left to say so.
      if (read.status === 'fulfilled') expect(GONE).toContain(read.value);
    }
  });
});

describe.skipIf(missing !== undefined)(`for a while ${missing ?? ''}`.trim(), () => {
  afterEach(() => host.kill());

  test('volumes of the main thread and of two Workers at once', { timeout: 120_000 }, async () => {
    await start();
    const scenes = [await mount('M:'), await startWorker('N:'), await startWorker('O:')];
    await Promise.all(
      scenes.map(async (scene) => {
        for (let round = 0; round < 100; round += 1) {
          const opened = await scene.open(`\\f${round}`);
          const reads = [1, 100, 100_000].map(async (length) => {
            const { payload } = await scene.must('read', { ...opened, offset: 0, length });
            expect(payload.equals(Buffer.alloc(length, 'r'))).toBe(true);
          });
          await Promise.all(reads);
          await scene.close(opened);
        }
      }),
    );
    for (const point of ['N:', 'O:']) await host.order('postToWorker', point, 'unmount');
    for (const name of ['N:', 'O:']) {
      expect(await host.event('worker ended', { name })).toMatchObject({ code: 0 });
    }
    await scenes[0]?.unmount();
    await host.end(simulator);
  });

  test('200 times mounted and unmounted', { timeout: 180_000 }, async () => {
    await start(2);
    await host.order('cycles', 'M:', 20);
    const before = await processCounts(simulator);
    for (let cycles = 20; cycles < 200; cycles += 20) await host.order('cycles', 'M:', 20);
    const after = await processCounts(simulator);
    // What comes and goes by itself: threads of the system's pool, and what they wait for.
    expect(after.handles - before.handles).toBeLessThan(10);
    expect(after.threads - before.threads).toBeLessThan(4);
    checkCounters(await simulator.must('counters'));
    await host.end(simulator);
  });

  test('100,000 requests from 8 threads', { timeout: 180_000 }, async () => {
    await start();
    await host.order('memfs', 'M:', 'M:', {}, { capacity: 2 ** 26 }, false);
    const scene = await sceneAt('M:');
    const loads = Array.from({ length: THREADS }, (_, index) => new MixedLoad(scene, index));
    const states = [];
    for (let third = 1; third <= 3; third += 1) {
      await Promise.all(loads.map((load) => load.run(Math.ceil((third * 100_000) / 3 / THREADS))));
      const memory = (await host.order('memory')) as NodeJS.MemoryUsage;
      states.push({ ...memory, ...(await processCounts(simulator)) });
    }
    const [first, , last] = states;
    const MiB = 2 ** 20;
    expect(loads.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThanOrEqual(100_000);
    expect(last!.handles - first!.handles).toBeLessThan(10);
    expect(last!.threads - first!.threads).toBeLessThan(4);
    expect(last!.heapUsed - first!.heapUsed).toBeLessThan(2 * MiB);
    expect(last!.arrayBuffers - first!.arrayBuffers).toBeLessThan(4 * MiB);
    expect(last!.rss - first!.rss).toBeLessThan(16 * MiB);
    await Promise.all(loads.map((load) => load.end()));
    expect(await scene.openCount()).toBe(0);
    await scene.unmount();
    await host.end(simulator);
  });
});
