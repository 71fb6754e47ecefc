// A Worker with a volume of its own on the bare addon; raw_host.mjs starts and ends it.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { RawVolume } from './raw_volume.mjs';

const addon = createRequire(import.meta.url)(workerData.addonPath);
const volume = new RawVolume(addon);
for (const [operation, answer] of workerData.answers) volume.answer(operation, answer);
volume.mount(workerData.mount).then(
  (mountPoint) => parentPort.postMessage({ mountPoint }),
  (error) => parentPort.postMessage({ error: { message: error.message, ...error } }),
);
if (workerData.close) parentPort.once('message', () => void volume.native.close());
