// The first process of a pid namespace: `node adopting.mjs POINT`. Waits in the thread that serves,
// while another of its threads and a process that it has adopted ask, and says what came of it.
import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { setInterval } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { mount } from 'node-dokan';

const [point] = process.argv.slice(2);
const EDEADLK = -35;

await mount(point, {});
// Its parent ends at once. It writes to our standard output.
const asking =
  'until grep -q "^PPid:.1$" /proc/$$/status; do sleep 0.1; done; ' +
  'stat -f "$0" > /dev/null 2>&1 && echo served || echo refused';
const orphan = 'sh -c "$1" "$0" &';
const signal = new Int32Array(new SharedArrayBuffer(4));
const code = `const { statfsSync } = require('node:fs');
  const { workerData: { signal, point } } = require('node:worker_threads');
  try { statfsSync(point); } catch ({ errno }) { Atomics.store(signal, 0, errno); }
  Atomics.notify(signal, 0);`;
const thread = new Worker(code, { eval: true, workerData: { signal, point } });
await new Promise((resolve) => thread.once('online', resolve));
execFileSync('sh', ['-c', orphan, point, asking], { stdio: ['ignore', 'inherit', 'inherit'] });
Atomics.wait(signal, 0, 0, 30_000);
const result = signal[0] === EDEADLK ? 'refused' : 'served';
writeSync(1, `${process.pid}: thread ${result}\n`);
setInterval(() => undefined, 1_000);
