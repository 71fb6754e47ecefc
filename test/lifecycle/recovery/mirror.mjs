// Mirrors a directory, and comes to grief when told to. Arguments: the directory, the mount point, the
// options as JSON, and "worker" to serve it in a Worker. Orders come as lines on standard input.
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { mount } from 'node-dokan';
import { MirrorFileSystem } from '../../../dist/examples/mirrorfs/mirror_file_system.js';

const [root, mountPoint, options, where] = isMainThread ? process.argv.slice(2) : workerData;

async function serve() {
  const fileSystem = new MirrorFileSystem(root, {});
  let isStuck = false;
  // Every callback goes through here, so that none of them answers any more.
  const operations = new Proxy(fileSystem, {
    get(target, name) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args) => (isStuck ? new Promise(() => {}) : member.apply(target, args));
    },
  });
  const volume = await mount(mountPoint, operations, JSON.parse(options));
  return {
    volume,
    getStuck: () => {
      isStuck = true;
    },
  };
}

const say = (text) => process.stdout.write(`${text}\n`);

if (!isMainThread) {
  await serve();
  parentPort.postMessage('mounted');
} else if (where === 'worker') {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv.slice(2) });
  await new Promise((resolve) => worker.once('message', resolve));
  say('mounted');
  createInterface({ input: process.stdin }).once('line', () => void worker.terminate());
} else {
  const { getStuck } = await serve();
  say('mounted');
  const orders = {
    exit: () => process.exit(1),
    throw: () => {
      throw new Error('nobody catches this');
    },
    hang: () => {
      say('stuck');
      for (;;);
    },
    'never settle': () => {
      getStuck();
      say('stuck');
    },
  };
  // Outside of readline's own callbacks.
  createInterface({ input: process.stdin }).on('line', (line) => setImmediate(orders[line]));
}
