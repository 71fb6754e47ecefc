// Mounts a volume in a Worker and serves it until somebody ends the Worker.
import { parentPort, workerData } from 'node:worker_threads';
import { mount } from 'node-dokan';
import { Backed } from './backed.mjs';
import { Lab } from './lab.mjs';

const { point, options, root, elsewhere } = workerData;
const lab = root === undefined ? new Lab(() => {}) : new Backed(root, elsewhere);
const volume = await mount(point, lab.operations(), options);
parentPort.postMessage({ mountPoint: volume.mountPoint });
