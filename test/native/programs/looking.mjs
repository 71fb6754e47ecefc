// Looks for requests that nobody makes, beside a program that wants the same processor. Plain
// JavaScript, because Node runs it as it is.
// Argument: the mount point.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const EAGAIN = -11;
/** Milliseconds: of one look, and what one takes at least in which the processor is given away. */
const LOOK = 20;
const GIVEN_AWAY = 0.5;

const [mountPoint] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const addon = createRequire(import.meta.url)('node-gyp-build')(root);
const buffer = Buffer.alloc(65536);
const device = await addon.mountDirect({
  ...{ mountPoint, source: 'test', type: 'fuse.test', flags: 0, data: '' },
});
device.receive(buffer, 0);

/** @returns milliseconds that one look took */
function look() {
  const begun = performance.now();
  if (device.receive(buffer, LOOK * 1000) !== EAGAIN) throw new Error('somebody asks');
  return performance.now() - begun;
}

/** Ends with the test's deadline, if it never comes. */
async function until(isSo) {
  while (!isSo(look())) await delay(1);
}

// It ends with this process, whatever ends that.
const busy = spawn('sh', ['-c', 'while kill -0 $PPID; do :; done'], { stdio: 'ignore' });
await once(busy, 'spawn');
await until((time) => time < GIVEN_AWAY);
console.log('left out');
// Whether somebody still wants the processor is found out by looking once in a while.
await until((time) => time > GIVEN_AWAY);
console.log('looks again');
busy.kill('SIGKILL');
device.close();
