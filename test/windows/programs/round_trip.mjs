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
});
const callback = () => undefined;
const trips = { dokan: [0, true], sleeping: [0, false], spinning: [50, false] };
const best = {};
for (let round = 0; round < 6; round++) {
  for (const [name, [spin, throughDokan]] of Object.entries(trips)) {
    const nanoseconds = await probe.measure(callback, Number(count), spin, throughDokan);
    // The first round warms up.
    if (round > 0) best[name] = Math.min(best[name] ?? Infinity, nanoseconds);
  }
}
await volume.close();
console.log(JSON.stringify(best));
