// Mounts at OWN, with a guard that writes to TOLD, has a file of another volume open, and asks a third:
// `node asking.mjs OWN TOLD FILE ASKED NEXT`. It asks on SIGUSR1, and then mounts at NEXT; it closes
// its device on SIGUSR2.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const [own, told, file, mountPoint, next] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const addon = createRequire(import.meta.url)('node-gyp-build')(root);

const say = (line) => writeSync(1, `${line}\n`);

const mount = (point, to) =>
  addon.mountDirect({
    ...{ mountPoint: point, source: 'test', type: 'fuse.test', flags: 0, data: '' },
    guard: {
      command: ['/bin/sh', '-c', 'while read -r line; do :; done; echo ended > "$0"', to],
      environment: [],
    },
  });

const device = await mount(own, told);
openSync(file, 'r');
const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
const [, , deviceNumber] = lines.find((line) => line.split(' ')[4] === mountPoint).split(' ');
const [userId, groupId] = [process.getuid(), process.getgid()];
process.on('SIGUSR1', async () => {
  const probe = { mountPoint, deviceNumber, userId, groupId, timeout: 10_000 };
  const asked = addon.probeVolume(probe).then((state) => say(`state ${state}`));
  await mount(next, '/dev/null');
  say('mounted next');
  await asked;
});
process.on('SIGUSR2', () => {
  device.close();
  say('closed');
});
setInterval(() => undefined, 1_000);
say('ready');
