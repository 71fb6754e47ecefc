import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { describeWindows } from './scene.js';

/** How often each thread of a process went to sleep, by its id. */
function sleeps(processId: number): Record<string, number> {
  const directory = `/proc/${String(processId)}/task`;
  const counts: Record<string, number> = {};
  for (const thread of readdirSync(directory)) {
    const status = readFileSync(`${directory}/${thread}/status`, 'utf8');
    counts[thread] = Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
  }
  return counts;
}

describeWindows('between two requests', (bench) => {
  const REQUESTS = 200;

  /** How often the JavaScript thread went to sleep while it was asked so often. */
  async function sleepsWith(pollTime: number): Promise<number> {
    const scene = await bench.mount({ pollTime });
    await scene.answer('getFileInformation', { always: true, silent: true });
    const opened = await scene.open();
    const pid = bench.host.process.pid!;
    const before = sleeps(pid)[pid]!;
    for (let count = 0; count < REQUESTS; count += 1) await scene.must('queryInformation', opened);
    const after = sleeps(pid)[pid]!;
    await scene.close(opened);
    await scene.unmount();
    return after - before;
  }

  test('JavaScript looks for the next one for as long as it is told to', async () => {
    // A machine that is busy lets nobody sleep, or look, in time.
    await eventually('a sleep each', async () => (await sleepsWith(0)) > REQUESTS / 2, 30_000);
    await eventually(
      'polling to pay',
      async () => (await sleepsWith(1_000)) < REQUESTS / 2,
      60_000,
    );
  }, 120_000);
});

describeWindows('an idle volume', (bench) => {
  test('wakes no thread', async () => {
    const scene = await bench.mount({ readAhead: 65_536 });
    const opened = await scene.open();
    await scene.must('read', { ...opened, offset: 0, length: 4096 });
    const { pid } = bench.host.process;
    const quiet = async (): Promise<boolean> => {
      const before = sleeps(pid!);
      await delay(2_000);
      const after = sleeps(pid!);
      return Object.keys(before).every((thread) => before[thread] === after[thread]);
    };
    // Threads that have just come back may have something left to do.
    await eventually('a while in which no thread wakes', quiet, 20_000);
    await scene.close(opened);
  }, 30_000);
});
