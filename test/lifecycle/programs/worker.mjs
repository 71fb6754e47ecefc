// Mounts a volume in a Worker and serves it until somebody ends the Worker.
import { parentPort, workerData } from 'node:worker_threads';
import { mount } from 'node-dokan';
import { Lab } from './lab.mjs';

const { point, options } = workerData;
const volume = await mount(point, new Lab(() => {}).operations(), options);
parentPort.postMessage({ mountPoint: volume.mountPoint });
