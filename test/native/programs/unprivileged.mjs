// Mounts through the helper as a user without privileges, who owns the mount point, and unmounts.
// Arguments: uid, mount point, "exit" to end without unmounting.
// Starts as root in a mount namespace of its own, where /dev/fuse may be made accessible to everyone
// (as udev does on most systems) without changing the machine.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [uid, mountPoint, how] = process.argv.slice(2);
const say = (text) => writeSync(1, `${text}\n`);
const mounted = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === mountPoint).length;

if (process.getuid() === 0) {
  const device = join(dirname(mountPoint), 'dev');
  execFileSync('mkdir', [device]);
  execFileSync('mount', ['-t', 'tmpfs', 'none', device]);
  execFileSync('mknod', [join(device, 'fuse'), 'c', '10', '229']);
  chmodSync(join(device, 'fuse'), 0o666);
  execFileSync('mount', ['--bind', join(device, 'fuse'), '/dev/fuse']);
  const self = fileURLToPath(import.meta.url);
  try {
    execFileSync(process.execPath, [self, uid, mountPoint, how], {
      stdio: 'inherit',
      uid: Number(uid),
      gid: Number(uid),
    });
  } catch (error) {
    process.exitCode = error.status ?? 99;
  }
  say(`left ${String(mounted())}`);
} else {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const addon = createRequire(import.meta.url)('node-gyp-build')(root);
  await addon
    .mountDirect({ mountPoint, source: 'test', type: 'fuse', flags: 0, data: '' })
    .catch((error) => say(`direct ${error.code} ${error.syscall}`));
  const device = await addon.mountWithHelper({
    helper: 'fusermount3',
    mountPoint,
    options: 'fsname=test,subtype=test',
  });
  const buffer = Buffer.alloc(65536);
  device.receive(buffer, 0);
  say(`mounted ${String(mounted())}, opcode ${String(buffer.readUInt32LE(4))}`);
  if (how === 'exit') process.exit(3);
  await addon.unmountDirect(mountPoint, 2).catch((error) => say(`umount2 ${error.code}`));
  await addon.unmountWithHelper('fusermount3', mountPoint, false);
  say(`after ${String(device.receive(buffer, 0))}`);
  device.close();
}
