// Volumes on the bare addon, told what to do by a test over a socket: one JSON object per line in,
// one per line out. Runs inside Windows' node.exe.
// Usage: node raw_host.mjs <addon> <file for the port>
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { renameSync, writeFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RawVolume, stuck } from './raw_volume.mjs';

const [, , addonPath, portFile] = process.argv;
const addon = createRequire(import.meta.url)(addonPath);
const volumes = [];
const lines = [];
const workers = [];

const library = () => process.env.DOKAN_LIBRARY;

/** What the test can call; the first argument is a volume's number where there is one. */
const calls = {
  create() {
    volumes.push(new RawVolume(addon));
    return volumes.length - 1;
  },
  mount: (volume, options = {}) => volumes[volume].mount(options),
  close: (volume) => volumes[volume].native.close(),
  answer: (volume, operation, answer) => volumes[volume].answer(operation, answer),
  release: (volume, overrides) => volumes[volume].release(overrides),
  state: (volume) => {
    const { log, batches, closedCalls, completions, held, tokens } = volumes[volume];
    const state = { log, batches, closedCalls, completions, held: held.length, tokens };
    volumes[volume].log = [];
    volumes[volume].batches = [];
    volumes[volume].completions = [];
    return state;
  },
  count: (volume) => volumes[volume].log.length,
  notify: (volume, ...args) =>
    volumes[volume].native.notify(...args.map((arg) => arg ?? undefined)),
  notifyMany: (volume, count) => {
    let accepted = 0;
    for (let i = 0; i < count; i++) {
      if (volumes[volume].native.notify(2, 'M:\\f', undefined, false, false)) accepted++;
    }
    return accepted;
  },
  raw: (volume, method, ...args) => {
    const result = volumes[volume].native[method](...args);
    return result === undefined ? null : result;
  },
  versions: (path) => addon.versions(path ?? library()),
  listMountPoints: (uncOnly) => addon.listMountPoints(library(), uncOnly),
  removeMountPoint: (mountPoint) => addon.removeMountPoint(library(), mountPoint),
  systemVersions: () => addon.versions(undefined),
  externalBuffers: (value) => {
    if (value !== undefined && value !== null) addon.externalBuffers = value;
    return addon.externalBuffers;
  },
  onDriverLog: (on) => addon.onDriverLog(on ? (line) => lines.push(line) : undefined),
  driverLog: () => lines.splice(0),
  stuck: (milliseconds) => {
    writeFileSync(`${portFile}.stuck`, '');
    stuck(milliseconds);
  },
  /** As `stuck`, but in a system call, and computing nothing. */
  blocked: (milliseconds) => {
    writeFileSync(`${portFile}.stuck`, '');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  },
  processId: () => process.pid,
  sleep: (milliseconds) => sleep(milliseconds),
  async cycles(count, options = {}) {
    for (let i = 0; i < count; i++) {
      const volume = new RawVolume(addon);
      await volume.mount(options);
      await volume.native.close();
      if (volume.closedCalls !== 1) throw new Error(`onClosed ${volume.closedCalls} times`);
    }
  },
  /** Starts a Worker with a volume. @returns its number, and what it said of its mount */
  async worker(mount, answers = [], more = {}) {
    const worker = new Worker(new URL('raw_worker.mjs', import.meta.url), {
      workerData: { addonPath, mount, answers, ...more },
    });
    worker.unref();
    workers.push(worker);
    if (more.unmounted) return { worker: workers.length - 1 };
    const said = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return { worker: workers.length - 1, ...said };
  },
  terminate: (worker) => workers[worker].terminate(),
  closeWorker: (worker) =>
    new Promise((resolve) => {
      workers[worker].once('exit', resolve).ref();
      workers[worker].postMessage('close');
    }),
  handles: () => createRequire(import.meta.url)(process.env.DOKAN_PROBE).handleCount(),
  watchedReads: () => createRequire(import.meta.url)(process.env.DOKAN_PROBE).watchedReads(),
  memory: () => process.memoryUsage(),
  exit: (code) => process.exit(code),
  raise: () =>
    void setImmediate(() => {
      throw new Error('uncaught');
    }),
  sessionId: () => addon.sessionId,
  /**
   * Lets go of everything but the volumes; closes those of them it is told to, a little later. Else it
   * marks that it still lives: a timer that keeps nobody alive only comes when something else does.
   */
  end: async (volume) => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await sleep(700);
    if (volume !== undefined) await volumes[volume].native.close();
    else setTimeout(() => writeFileSync(`${portFile}.alive`, ''), 100).unref();
  },
};

const sockets = new Set();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.unref();
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
  const send = (reply) => socket.writable && socket.write(`${JSON.stringify(reply)}\n`);
  createInterface(socket).on('line', (line) => {
    const { id, call, args } = JSON.parse(line);
    Promise.resolve()
      .then(() => calls[call](...args))
      .then(
        (result) => send({ id, result }),
        (error) => send({ id, error: { message: error.message, ...error } }),
      );
  });
});
server.listen(0, '127.0.0.1', () => {
  // Renamed into place, so that nobody reads half a number.
  writeFileSync(`${portFile}.new`, String(server.address().port));
  renameSync(`${portFile}.new`, portFile);
});
