// Reads and writes in a volume for as long as it is let, and says on each line how that went.
// Arguments: the volume.
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

const [, , volume] = process.argv;
const BLOCK = 4096;
// Opened once: this one must outlast that the medium is away.
const log = openSync(join(volume, 'log'), 'w');
let written = 0;
let isEnding = false;
process.stdin.on('end', () => (isEnding = true)).resume();

/** Errors Node has no name for. */
const NAMELESS = new Map([
  [-116, 'ESTALE'],
  [-123, 'ENOMEDIUM'],
]);

const outcome = (work) => {
  try {
    work();
    return 'ok';
  } catch (error) {
    return NAMELESS.get(error.errno) ?? error.code;
  }
};

while (!isEnding) {
  const start = performance.now();
  const write = outcome(() => {
    writeSync(log, Buffer.alloc(BLOCK, 1 + (written % 255)), 0, BLOCK, written * BLOCK);
    fsyncSync(log);
    written += 1;
  });
  const read = outcome(() => readFileSync(join(volume, 'kept')));
  const list = outcome(() => readdirSync(volume));
  const milliseconds = performance.now() - start;
  console.log(JSON.stringify({ write, read, list, written, milliseconds }));
  await delay(5);
}
console.log(JSON.stringify({ close: outcome(() => closeSync(log)), written }));
