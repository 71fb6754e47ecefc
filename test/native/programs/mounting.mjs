// Mounts and then ends in one of many ways. Plain JavaScript, because Node runs it as it is.
// Arguments: how to end, mount point, and what the way needs.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const addon = createRequire(import.meta.url)('node-gyp-build')(root);

// Synchronous, so that it is out before the process ends.
const say = (text) => writeSync(1, `${text}\n`);

const direct = (mountPoint) =>
  addon.mountDirect({ mountPoint, source: 'test', type: 'fuse.test', flags: 0, data: '' });
const helped = (mountPoint) =>
  addon.mountWithHelper({ helper: 'fusermount3', mountPoint, options: '' });
const forever = () => setInterval(() => undefined, 1000);

async function inWorker({ how, point }) {
  const device = await direct(point);
  let calls = 0;
  device.start(() => {
    if (how === 'worker-throw') throw new Error('thrown in the worker');
    // Not read: the poller keeps calling, and the worker is stopped inside or between the calls.
    if (calls++ === 0) {
      say('served');
      parentPort.postMessage('served');
    }
    if (how === 'worker-exit') process.exit(0);
    if (how === 'worker-end') device.stop();
  });
}

const ways = {
  end: async (point) => void (await direct(point)),
  exit: async (point) => {
    await direct(point);
    process.exit(3);
  },
  'exit-polling': async (point) => {
    const device = await direct(point);
    device.start(() => process.exit(3));
  },
  'exit-while-mounting': async (point) => {
    void direct(point);
    process.exit(3);
  },
  'exit-while-unmounting': async (point) => {
    await direct(point);
    void addon.unmountDirect(point, 0);
    process.exit(3);
  },
  throw: async (point) => {
    await direct(point);
    throw new Error('thrown outside');
  },
  'throw-in-callback': async (point) => {
    const device = await direct(point);
    device.start(() => {
      throw new Error('thrown in the callback');
    });
  },
  'throw-null': async (point) => {
    const device = await direct(point);
    device.start(() => {
      throw null;
    });
  },
  'throw-caught': async (point) => {
    const seen = [];
    process.on('uncaughtException', (error) => {
      seen.push(error);
      if (seen.length === 3) process.exit(seen.every((one) => one === null) ? 3 : 4);
    });
    const device = await direct(point);
    device.start(() => {
      throw null;
    });
  },
  'throw-in-tick': async (point) => {
    process.on('uncaughtException', (error) => process.exit(error.message === 'tick' ? 3 : 4));
    const device = await direct(point);
    device.start(() => {
      process.nextTick(() => {
        throw new Error('tick');
      });
    });
  },
  // The outer mount is served by nobody: detaching the inner one may not wait for it.
  nested: async (point, inner) => {
    const outer = await direct(inner);
    const other = await direct(point);
    outer.start(() => undefined);
    other.start(() => undefined);
    process.exit(3);
  },
  helper: async (point) => {
    await helped(point);
    process.exit(3);
  },
  // What a guard is told goes to a file.
  guarded: async (point, file, then) => {
    const guard = { command: ['/bin/sh', '-c', 'exec cat > "$0"', file], environment: [] };
    const device = await addon.mountDirect({
      ...{ mountPoint: point, source: 'test', type: 'fuse.test', flags: 0, data: '' },
      ...{ claim: true, guard },
    });
    say('mounted');
    if (then === 'exit') process.exit(3);
    if (then === 'close') device.close();
    if (then === 'unmount') {
      await addon.unmountDirect(point, 2);
      device.close();
    }
    forever();
  },
  covered: async (point) => {
    const device = await direct(point);
    device.unref();
    execFileSync('umount', ['-l', point]);
    execFileSync('mount', ['-t', 'tmpfs', 'none', point]);
    process.exit(3);
  },
  closed: async (point) => {
    (await direct(point)).close();
    process.exit(3);
  },
  unref: async (point) => {
    const device = await direct(point);
    device.unref();
    device.start(() => device.receive(Buffer.alloc(65536), 0));
  },
  'worker-terminate': async (point) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { how: 'worker-terminate', point },
    });
    await once(worker, 'message');
    await worker.terminate();
    say('terminated');
    process.stdin.resume(); // lives on until told
    process.stdin.on('end', () => process.exit(3));
  },
  'worker-running': async (point) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { how: 'worker-running', point },
    });
    await once(worker, 'message');
    process.exit(3);
  },
  'worker-mounting': async (point) => {
    const worker = new Worker(
      `require('node:module').createRequire(${JSON.stringify(import.meta.url)})('node-gyp-build')(
        ${JSON.stringify(root)}
      ).mountDirect({ mountPoint: ${JSON.stringify(point)}, source: 'test', type: 'fuse.test',
        flags: 0, data: '' });
      process.exit(0)`,
      { eval: true },
    );
    await new Promise((resolve) => worker.on('exit', resolve));
    say('terminated');
    process.stdin.resume();
    process.stdin.on('end', () => process.exit(3));
  },
};
for (const how of ['worker-exit', 'worker-throw', 'worker-end']) {
  ways[how] = async (point) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { how, point } });
    worker.on('error', (error) => say(error.message));
    await new Promise((resolve) => worker.on('exit', resolve));
    say('terminated');
    process.stdin.resume();
    process.stdin.on('end', () => process.exit(3));
  };
}

if (isMainThread) {
  const [how, ...rest] = process.argv.slice(2);
  await ways[how](...rest);
} else {
  await inWorker(workerData);
}
