import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One line of /proc/self/mountinfo, as far as tests ask. */
export interface MountLine {
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** Options of the mount and of its super block. */
  readonly options: readonly string[];
}

// The kernel writes space, tab, newline and backslash in octal.
const unescape = (text: string): string =>
  Buffer.from(
    text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))),
    'utf8',
  ).toString('utf8');

/** What this machine has mounted, by the kernel's own list. */
export function kernelMounts(): MountLine[] {
  if (process.platform !== 'linux') return [];
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , point = '', options = ''] = before.split(' ');
    const [type = '', source = '', superOptions = ''] = after.split(' ');
    return {
      mountPoint: unescape(point),
      type,
      source: unescape(source),
      options: [...options.split(','), ...superOptions.split(',')],
    };
  });
}

/** What is mounted on exactly this directory; the last line wins when mounts are stacked. */
export function mountedOn(point: string): MountLine | undefined {
  return kernelMounts().findLast((line) => line.mountPoint === point);
}

/**
 * Takes a mount away by force, dead or alive: for cleaning up, never to end a test that passes.
 * Loops because mounts can be stacked.
 */
export function detach(point: string): void {
  for (let tries = 0; tries < 5 && mountedOn(point) !== undefined; tries += 1) {
    const done = spawnSync('umount', ['-l', point], { timeout: 10_000 });
    if (done.status !== 0) spawnSync('fusermount3', ['-uz', point], { timeout: 10_000 });
  }
}

/** Detaches everything mounted below a directory, so that removing it removes only what is its own. */
export function detachBelow(directory: string): void {
  for (const { mountPoint } of kernelMounts().reverse()) {
    if (mountPoint === directory || mountPoint.startsWith(`${directory}/`)) detach(mountPoint);
  }
}
