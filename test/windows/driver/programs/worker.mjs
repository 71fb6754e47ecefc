// A volume in a Worker. A message ends it in order.
import { setTimeout } from 'node:timers';
import { parentPort, workerData } from 'node:worker_threads';
import { mount } from 'node-dokan';
import { Script } from './script.mjs';

const script = new Script(() => {});
for (const callback of ['readFile', 'createFile', 'closeFile']) {
  script.answer(callback, { always: true, silent: true });
}
const operations = script.operations();
const { readFile } = operations;
operations.readFile = (path, ...rest) => {
  if (path === '/never') return new Promise(() => {});
  if (path === '/stuck') for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  return readFile(path, ...rest);
};
const volume = await mount(workerData.point, operations, workerData.options);
parentPort.on('message', (message) => {
  if (message === 'unmount') {
    void volume.unmount().then(() => parentPort.close());
  } else if (message === 'throw') {
    setTimeout(() => {
      throw new Error('nobody catches this in the Worker');
    });
  }
});
parentPort.postMessage(volume.mountPoint);
