// Uses its own volume from the thread that serves it, as programs do by mistake: argv names the
// mount point, the mistake and in which thread. Says what came of it as one line of JSON.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { readFileSync, statSync, readdirSync, writeSync, promises } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { listMounts, mount } from 'node-dokan';
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

const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`);

/** Holds the thread up as a synchronous call does. */
const wait = (milliseconds) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const env = { ...process.env, LC_ALL: 'C' };

/** What a process of ours says that uses the volume while the serving thread waits for it. */
const synchronousChild = (program, args, options) => {
  try {
    execFileSync(program, args, { env, encoding: 'utf8', stdio: 'pipe', ...options });
    return { stderr: '' };
  } catch ({ stderr, errno }) {
    return { stderr, errno };
  }
};

/** Those with processes of its own. */
const WITH_CHILDREN = {
  child: () => say(synchronousChild('ls', [point])),
  // Each of the many is refused; only the first takes the long time.
  grandchildren: () => {
    const paths = Array.from({ length: 20 }, (_, index) => `${point}/${index}`);
    say(synchronousChild('sh', ['-c', `ls ${paths.join(' ')}; false`]));
  },
  thread: () => {
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const code = `const { statSync } = require('node:fs');
      const { workerData: { signal, path } } = require('node:worker_threads');
      try { statSync(path); } catch ({ errno }) { Atomics.store(signal, 0, errno); }
      Atomics.notify(signal, 0);`;
    new Worker(code, { eval: true, workerData: { signal, path: `${point}/new` } });
    Atomics.wait(signal, 0, 0, 30_000);
    say({ errno: signal[0] });
  },
  'working-directory': () => say(attempt(() => spawn('ls', { cwd: point }))),
  program: () => say(attempt(() => spawn(`${point}/program`))),
  // Nobody has made a mistake after that.
  afterwards: () => {
    const { stderr } = synchronousChild('stat', [`${point}/new`]);
    setImmediate(() =>
      setImmediate(() => {
        execFile('ls', [point], (error) => say({ stderr, errno: error?.code ?? 0 }));
        wait(2_000);
      }),
    );
  },
};

async function run() {
  const operations = new Lab(() => {}).operations();
  if (mistake === 'callback') {
    const { queryOpen } = operations;
    let asked = false;
    operations.queryOpen = (path, file) => {
      if (path !== '/' && !asked) {
        asked = true;
        say(attempt(MISTAKES.stat));
      }
      return queryOpen(path, file);
    };
  }
  const volume = await mount(point, operations);
  say({ mounted: true });
  process.on('SIGTERM', () => void volume.unmount({ force: true }));
  if (mistake === 'callback') return;
  if (mistake === 'asynchronous' || mistake === 'library') {
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push({ code, message }));
    let answers = [];
    if (mistake === 'asynchronous') {
      const [file] = await promises.readdir(point);
      const paths = [file, file, 'new'].map((name) => `${point}/${name}`);
      answers = await Promise.allSettled(paths.map((path) => promises.stat(path)));
    }
    await listMounts();
    await volume.unmount();
    // Warnings are told in a later turn.
    setImmediate(() => say({ warnings, answers: answers.map(({ status }) => status) }));
    return;
  }
  if (mistake in WITH_CHILDREN) {
    setImmediate(WITH_CHILDREN[mistake]);
    return;
  }
  if (mistake === 'wait') {
    setTimeout(() => {
      say({ waiting: true });
      wait(7_000);
      say({ waited: true });
    }, 100);
    return;
  }
  if (mistake === 'compute') {
    // Not at once: somebody else's request is to arrive meanwhile.
    setTimeout(() => {
      say({ computing: true });
      compute(2_000);
      say({ computed: true });
    }, 100);
    return;
  }
  setImmediate(() => say(attempt(MISTAKES[mistake])));
}

if (isMainThread && thread === 'worker') {
  const worker = new Worker(new URL(import.meta.url), { workerData: [point, mistake, thread] });
  process.on('SIGTERM', () => void worker.terminate());
} else {
  await run();
}
