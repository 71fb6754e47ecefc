// Serves volumes as a test tells it: `node host.mjs PORT LIBRARY`.
import { writeFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { dokanVersions, listMounts, mount, unmount } from 'node-dokan';
import { MemoryFileSystem } from '../../../../dist/examples/memfs/memfs.js';
import { CallbackJournal } from '../../../hosts/loopback/callback_journal.mjs';
import { serve } from './channel.mjs';
import { Script } from './script.mjs';

const [port = '', libraryPath] = process.argv.slice(2);

/** Volumes, their scripts and their journals, by the name the test gave them. */
const volumes = new Map();
const scripts = new Map();
const journals = new Map();
const workers = [];

async function start(name, point, operations, options) {
  const volume = await mount(point, operations, { libraryPath, ...options });
  volumes.set(name, volume);
  volume.on('error', ({ callback, path, message, cause }) => {
    say({ event: 'error', volume: name, callback, path, message, cause: String(cause) });
  });
  void volume.closed.then(({ reason }) => say({ event: 'closed', volume: name, reason }));
  return volume.mountPoint;
}

const orders = {
  mount: (name, point, options, absent) => {
    const script = new Script((event) => say({ volume: name, ...event }));
    scripts.set(name, script);
    // Who has removable media is asked for them all the time.
    const missing = options?.removable === true ? absent : [...(absent ?? []), 'checkMedia'];
    return start(name, point, script.operations(missing), options);
  },
  memfs: (name, point, options, settings, isWatched = true) => {
    const memfs = new MemoryFileSystem(settings);
    if (!isWatched) return start(name, point, memfs, options);
    const journal = new CallbackJournal();
    journals.set(name, journal);
    return start(name, point, journal.watch(memfs), options);
  },
  unmount: async (name, options) => {
    await volumes.get(name).unmount(options);
  },
  unmountAt: (point, options) => unmount(point, { libraryPath, ...options }),
  closed: (name) => volumes.get(name).closed,
  listMounts: (options) => listMounts({ libraryPath, ...options }),
  processId: () => process.pid,
  versions: (options) => dokanVersions({ libraryPath, ...options }),
  statistics: (name) => volumes.get(name).statistics(),
  openCount: (name) => volumes.get(name).openCount,
  notify: (name, what, ...args) => volumes.get(name).notify[what](...args),
  listen: (name) => {
    volumes.get(name).on('driverLog', (line) => say({ event: 'driverLog', volume: name, line }));
  },
  answer: (name, callback, action) => scripts.get(name).answer(callback, action),
  forget: (name) => scripts.get(name).forget(),
  release: (name, key) => scripts.get(name).release(key),
  journal: (name) => journals.get(name).take(),
  journalOpens: (name) => journals.get(name).openCount,
  /** The thread does nothing else meanwhile. */
  block: (milliseconds, marker) => {
    writeFileSync(marker, '');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  },
  /** Mounts and unmounts over and over. */
  cycles: async (point, count) => {
    for (let cycle = 0; cycle < count; cycle += 1) {
      const volume = await mount(point, new Script(() => {}).operations(), { libraryPath });
      await volume.unmount({ force: cycle % 3 === 0 });
    }
  },
  memory: async () => {
    // What the first finds is given back a little later.
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return process.memoryUsage();
  },
  worker: (name, point, options) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
        workerData: { point, options: { libraryPath, ...options } },
      });
      workers.push([name, worker]);
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => say({ event: 'worker ended', name, code }));
    }),
  terminate: (name) =>
    Promise.all(workers.filter(([of]) => of === name).map(([, w]) => w.terminate())),
  postToWorker: (name, message) => {
    for (const [of, worker] of workers) if (of === name) worker.postMessage(message);
  },
  sync: () => undefined,
  /** After the answer is on its way. */
  exit: (code) => {
    setTimeout(() => process.exit(code), 50);
  },
  throw: () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
  },
};

const say = await serve(Number(port), orders);
say({ event: 'ready' });
