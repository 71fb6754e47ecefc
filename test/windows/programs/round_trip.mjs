// What a round trip from a thread to JavaScript and back costs, in nanoseconds, one line of JSON.
// Usage: node round_trip.mjs <addon> <probe> [round trips]
import { createRequire } from 'node:module';

const [, , addonPath, probePath, count = '20000'] = process.argv;
const require = createRequire(import.meta.url);
const addon = require(addonPath);
const probe = require(probePath);

const volume = new addon.DokanVolume(
  () => {
    for (let taken; (taken = volume.take()) > 0;) {
      for (let index = 0; index < taken; index++) volume.complete(batch[index]);
    }
  },
  () => undefined,
  () => undefined,
);
const batch = new Uint32Array(volume.memory, 0, 64);
await volume.mount({
  libraryPath: probePath,
  mountPoint: 'M:',
  uncName: undefined,
  version: 200,
  singleThread: false,
  options: 0,
  timeout: 0,
  allocationUnitSize: 0,
  sectorSize: 0,
  volumeSecurityDescriptor: undefined,
  operationTimeout: Infinity,
  pollTime: 40,
  readAhead: 0,
});
const callback = () => undefined;
// Name: how long the thread spins, whether the queue is asked, how many threads ask at once.
const trips = {
  dokan: [0, true, 1],
  sleeping: [0, false, 1],
  spinning: [50, false, 1],
  dokan8: [0, true, 8],
  sleeping8: [0, false, 8],
  spinning8: [50, false, 8],
};
const best = {};
for (let round = 0; round < 6; round++) {
  for (const [name, [spin, throughDokan, threads]] of Object.entries(trips)) {
    const each = Math.ceil(Number(count) / threads);
    const nanoseconds = await probe.measure(callback, each, spin, throughDokan, threads);
    // The first round warms up.
    if (round > 0) best[name] = Math.min(best[name] ?? Infinity, nanoseconds);
  }
}
await volume.close();
console.log(JSON.stringify(best));
