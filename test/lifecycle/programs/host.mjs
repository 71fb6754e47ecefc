// Serves volumes in a process of its own. Orders come as JSON lines on standard input, answers and
// events go out as JSON lines. Nothing here touches a mounted volume.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { listMounts, mount, unmount } from 'node-dokan';
import { MirrorFileSystem } from '../../../dist/examples/mirrorfs/mirror_file_system.js';
import { Backed } from './backed.mjs';
import { Drive } from './drive.mjs';
import { Lab } from './lab.mjs';

const say = (message) => writeSync(1, `${JSON.stringify(message)}\n`);

/** Volumes and labs by the name the test gave them. */
const volumes = new Map();
const labs = new Map();
const workers = new Map();

async function start(name, point, options = {}) {
  return serve(name, point, options, new Lab((event) => say({ volume: name, ...event })));
}

async function serve(name, point, options, lab) {
  // Known before it is mounted: requests may come at once.
  labs.set(name, lab);
  return keep(name, await mount(point, lab.operations(), options));
}

function keep(name, volume) {
  volumes.set(name, volume);
  volume.on('error', (error) => {
    say({
      event: 'error',
      volume: name,
      callback: error.callback,
      path: error.path,
      message: error.message,
      code: error.code,
    });
  });
  void volume.closed.then(({ reason }) => say({ event: 'closed', volume: name, reason }));
  return { mountPoint: volume.mountPoint };
}

/** Mounts and unmounts over and over, looking at the root each time from a process that may hang alone. */
async function cycles(point, count, options) {
  for (let cycle = 0; cycle < count; cycle += 1) {
    const volume = await mount(point, new Lab(() => {}).operations(), options);
    // Sometimes somebody uses it, which costs far more than mounting.
    if (cycle % 20 === 0) {
      await new Promise((resolve, reject) => {
        execFile('cat', [`${point}/good`], { timeout: 10_000, killSignal: 'SIGKILL' }, (error) =>
          error === null ? resolve() : reject(error),
        );
      });
    }
    await volume.unmount({ force: cycle % 3 === 0 });
  }
}

/** How often the kernel has asked for what, of all volumes, since counting began. */
const requests = {};

async function countRequests() {
  const { OPCODES } = await import('../../../dist/hosts/fuse/opcodes.js');
  for (const row of OPCODES) {
    if (row === undefined) continue;
    const { name, handle } = row;
    row.handle = (session, request) => {
      requests[name] = (requests[name] ?? 0) + 1;
      return handle(session, request);
    };
  }
}

const orders = {
  mount: start,
  countRequests,
  requests: () => requests,
  /** The signal is there before the kernel has been asked for anything. */
  mountAndSignal: (name, point, options, signal) => {
    const starting = start(name, point, options);
    process.kill(process.pid, signal);
    return starting;
  },
  mountDrive: (name, point, options) =>
    serve(name, point, options, new Drive((event) => say({ volume: name, ...event }))),
  mountBacked: (name, point, root, options, elsewhere) =>
    serve(name, point, options, new Backed(root, elsewhere)),
  mountMirror: async (name, point, root, options) =>
    keep(name, await mount(point, new MirrorFileSystem(root), options)),
  /** What a module has, `data` with the name of the volume. */
  mountModule: async (name, point, module, options = {}) => {
    const data = { name, ...options.data };
    const place = new URL(module, import.meta.url);
    return keep(name, await mount(point, place, { ...options, data }));
  },
  /** From the main thread. */
  readHere: (path) => readFileSync(path, 'utf8'),
  drive: (name, method, ...args) => labs.get(name)[method](...args),
  unmount: (name, options) => volumes.get(name).unmount(options),
  unmountAt: (point, options) => unmount(point, options),
  /** Whether anything waits for a time to come, as an unmount does between two attempts. */
  pauses: () => process.getActiveResourcesInfo().includes('Timeout'),
  list: () => listMounts(),
  statistics: (name) => volumes.get(name).statistics(),
  openCount: (name) => volumes.get(name).openCount,
  mountPoint: (name) => volumes.get(name).mountPoint,
  notify: (name, what, ...args) => volumes.get(name).notify[what](...args),
  change: (name, path, text) => labs.get(name).change(path, text),
  content: (name, path) => labs.get(name).content(path)?.toString(),
  settle: (name) => {
    const { held } = labs.get(name);
    for (const release of held.splice(0)) release();
  },
  resources: () => {
    globalThis.gc?.();
    return {
      fds: readdirSync('/proc/self/fd').length,
      threads: readdirSync('/proc/self/task').length,
      rss: process.memoryUsage().rss,
      heap: process.memoryUsage().heapUsed,
    };
  },
  cycles,
  usingBlock: async (point) => {
    // As TypeScript compiles `await using`, which this Node does not know yet.
    const volume = await mount(point, new Lab(() => {}).operations());
    const listed = (await listMounts()).length;
    await volume[Symbol.asyncDispose]();
    return listed;
  },
  worker: (name, point, options, root, elsewhere) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
        workerData: { point, options, root, elsewhere },
      });
      workers.set(name, worker);
      worker.once('message', resolve);
      worker.once('error', reject);
    }),
  terminate: (name) => workers.get(name).terminate(),
  /** From here on only what is mounted keeps the process alive. */
  letGo: () => {
    setImmediate(() => {
      input.close();
      process.stdin.destroy();
    });
  },
  /** The JavaScript thread is never free again. */
  hang: () => {
    setImmediate(() => {
      say({ event: 'hanging' });
      for (;;);
    });
  },
  exit: (code) => process.exit(code),
  throw: () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
  },
  reject: () => {
    void Promise.reject(new Error('nobody handles this'));
  },
};

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void obey(JSON.parse(line)));

async function obey({ id, order, args }) {
  try {
    say({ id, ok: await orders[order](...args) });
  } catch (error) {
    const { name, code, message, cure, mountPoint, processes } = error;
    say({ id, error: { name, code, message, cure, mountPoint, processes } });
  }
}

say({ event: 'ready' });
