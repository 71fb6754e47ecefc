import { execFile } from 'node:child_process';
import { constants, type Stats } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ok, problem, warning, type Finding } from './finding.js';

const DEVICE = '/dev/fuse';
/** Documentation/admin-guide/devices.txt. */
const MAJOR = 10;
const MINOR = 229;

const isRoot = (): boolean => process.getuid?.() === 0;

function code(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** What mounting on Linux needs of the system. */
export async function checkLinux(): Promise<Finding[]> {
  return Promise.all([checkKernel(), checkDevice(), checkHelper(), checkOtherUsers()]);
}

/** The oldest kernel that mounts: FUSE 7.23. */
const OLDEST = [3, 15] as const;

async function checkKernel(): Promise<Finding> {
  const [major = 0, minor = 0] = release().split('.').map(Number.parseFloat);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    const cure = `Mounting needs Linux ${OLDEST.join('.')} or later.`;
    return problem('kernel', `this is Linux ${release()}`, cure);
  }
  const known = await readFile('/proc/filesystems', 'utf8').catch(() => '');
  const loaded = /^(nodev)?\s*fuse$/m.test(known);
  const state = loaded ? 'with FUSE' : 'FUSE is a module that is not loaded yet';
  return ok('kernel', `Linux ${release()}, ${state}`);
}

async function checkDevice(): Promise<Finding> {
  let device: Stats;
  try {
    device = await stat(DEVICE);
  } catch (error) {
    const cure =
      'Load the module (modprobe fuse); give a container the device (--device /dev/fuse).';
    return problem('device', `${DEVICE} cannot be found (${code(error)})`, cure);
  }
  if (!device.isCharacterDevice() || device.rdev !== ((MAJOR << 8) | MINOR)) {
    const cure = `Make it anew, as root: rm ${DEVICE}; mknod -m 666 ${DEVICE} c ${MAJOR} ${MINOR}`;
    return problem('device', `${DEVICE} is not the FUSE device`, cure);
  }
  try {
    await access(DEVICE, constants.R_OK | constants.W_OK);
  } catch {
    const mode = (device.mode & 0o777).toString(8);
    const cure = `As root: chmod 666 ${DEVICE}, or add this user to the device's group.`;
    return problem('device', `${DEVICE} is not accessible to this user (mode ${mode})`, cure);
  }
  return ok('device', `${DEVICE} is there (${MAJOR}:${MINOR}) and accessible`);
}

const INSTALL = 'Install it: apt-get install fuse3 (dnf install fuse3, apk add fuse3).';

async function checkHelper(): Promise<Finding> {
  const path = await findHelper();
  const isNeeded = !(await mayMount());
  if (path === undefined) {
    const message = 'fusermount3 is not installed';
    return isNeeded
      ? problem('fusermount3', `${message}, and without privileges nothing mounts`, INSTALL)
      : ok('fusermount3', `${message}; this user mounts without it`);
  }
  const { mode, uid } = await stat(path);
  const version = await helperVersion(path);
  const what = `${path}, version ${version ?? 'unknown'}`;
  if ((mode & 0o4000) === 0 || uid !== 0) {
    const message = `${what}, is not setuid root`;
    const cure = `As root: chown root ${path}; chmod u+s ${path}`;
    return isNeeded ? problem('fusermount3', message, cure) : warning('fusermount3', message, cure);
  }
  return ok('fusermount3', `${what}, setuid root`);
}

/** CAP_SYS_ADMIN, as a bit of the capabilities in /proc/self/status (capabilities(7)). */
const SYS_ADMIN = 1n << 21n;

/** Root of a container may lack it. */
async function mayMount(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return isRoot() && (BigInt(`0x${effective}`) & SYS_ADMIN) !== 0n;
}

async function findHelper(): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, 'fusermount3');
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

async function helperVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 5_000 });
    return /\d+(\.\d+)+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

const CONFIGURATION = '/etc/fuse.conf';

async function checkOtherUsers(): Promise<Finding> {
  const check = 'user_allow_other';
  let allowed: boolean;
  try {
    allowed = /^user_allow_other\s*$/m.test(await readFile(CONFIGURATION, 'utf8'));
  } catch {
    allowed = false;
  }
  if (allowed) return ok(check, `${CONFIGURATION} lets users mount with allowOther`);
  if (isRoot()) return ok(check, `${CONFIGURATION} lets only root mount with allowOther`);
  const cure = `As root, put the line user_allow_other into ${CONFIGURATION}, if it is wanted.`;
  return warning(check, 'this user cannot mount with allowOther', cure);
}
