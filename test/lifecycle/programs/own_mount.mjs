// Uses its own volume from the thread that serves it, as programs do by mistake: argv names the
// mount point, the mistake and in which thread. Says what came of it as one line of JSON.
import { readFileSync, statSync, readdirSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { mount } from 'node-dokan';
import { Lab } from './lab.mjs';

const [point, mistake, thread] = isMainThread ? process.argv.slice(2) : workerData;

const attempt = (work) => {
  const started = performance.now();
  let errno = 0;
  try {
    work();
  } catch (error) {
    ({ errno } = error);
  }
  return { errno, milliseconds: performance.now() - started };
};

/** Holds the thread up as a long computation does. */
const compute = (milliseconds) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

const MISTAKES = {
  stat: () => statSync(`${point}/new`),
  read: () => readFileSync(`${point}/new`),
  list: () => readdirSync(point),
};

async function run() {
  const operations = new Lab(() => {}).operations();
  if (mistake === 'callback') {
    const { queryOpen } = operations;
    let asked = false;
    operations.queryOpen = (path, file) => {
      if (path !== '/' && !asked) {
        asked = true;
        writeSync(1, `${JSON.stringify(attempt(MISTAKES.stat))}\n`);
      }
      return queryOpen(path, file);
    };
  }
  const volume = await mount(point, operations);
  writeSync(1, '{"mounted":true}\n');
  process.on('SIGTERM', () => void volume.unmount({ force: true }));
  if (mistake === 'callback') return;
  if (mistake === 'compute') {
    // Not at once: somebody else's request is to arrive meanwhile.
    setTimeout(() => {
      writeSync(1, '{"computing":true}\n');
      compute(2_000);
      writeSync(1, '{"computed":true}\n');
    }, 100);
    return;
  }
  setImmediate(() => writeSync(1, `${JSON.stringify(attempt(MISTAKES[mistake]))}\n`));
}

if (isMainThread && thread === 'worker') {
  const worker = new Worker(new URL(import.meta.url), { workerData: [point, mistake, thread] });
  process.on('SIGTERM', () => void worker.terminate());
} else {
  await run();
}
