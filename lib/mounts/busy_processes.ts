import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HoldingProcess } from '../errors.js';
import type { MountInfo } from './mountinfo.js';
import { LATE, readProcess } from './process_files.js';

/**
 * Who holds on to a mount, by what the kernel says of each process. The volume itself is asked
 * nothing: it may hang, or be served by this very thread.
 */

/** How many are named in a sentence. */
const NAMED = 3;

/** Length of a command in a sentence, in UTF-16 units. */
const LONGEST = 40;

/**
 * @param mount - the mount
 * @returns processes with a file or directory open, mapped or executed there, or with their working
 *   or root directory there. Those of other users that this process may not look at are left out
 */
export async function busyProcesses(mount: MountInfo): Promise<HoldingProcess[]> {
  const holding: number[] = [];
  const others: number[] = [];
  for (const id of processIds()) {
    (holdsOpen(id, mount) ? holding : others).push(id);
    // Looking at a process with many files takes a while, and this thread may be serving volumes.
    await nextTurn();
  }
  // One by one: each that is late takes a thread away from the volumes this process may be serving.
  for (const id of others) {
    const isMapped = await maps(id, mount);
    if (isMapped === LATE) break;
    if (isMapped) holding.push(id);
  }
  holding.sort((one, other) => one - other);
  const processes: HoldingProcess[] = [];
  for (const id of holding) processes.push({ id, command: await commandOf(id) });
  return processes;
}

/** `cat (4711), sh (4712), vi notes (4713) and 2 more` */
export function nameProcesses(processes: readonly HoldingProcess[]): string {
  const names = processes.slice(0, NAMED).map(({ id, command }) => `${shorten(command)} (${id})`);
  const more = processes.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function shorten(command: string): string {
  if (command.length <= LONGEST) return command;
  return `${command.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '')}...`;
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** What a process has open. None of these calls waits for anybody. */
function holdsOpen(id: number, mount: MountInfo): boolean {
  const directory = `/proc/${id}`;
  for (const name of ['cwd', 'root', 'exe']) {
    if (isBelow(linkOf(`${directory}/${name}`), mount.mountPoint)) return true;
  }
  let descriptors: string[];
  try {
    descriptors = readdirSync(`${directory}/fd`);
  } catch {
    // It has ended, or is another user's.
    return false;
  }
  return descriptors.some((descriptor) => {
    if (!isBelow(linkOf(`${directory}/fd/${descriptor}`), mount.mountPoint)) return false;
    // What is mounted below has paths that begin alike; the number of the mount tells them apart.
    const number = mountOf(`${directory}/fdinfo/${descriptor}`);
    return number === undefined || number === mount.id;
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function mountOf(path: string): number | undefined {
  try {
    const [, number] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(path, 'latin1')) ?? [];
    return number === undefined ? undefined : Number(number);
  } catch {
    return undefined;
  }
}

/** Whether a process has mapped a file of the mounted file system, by the number of its device. */
async function maps(id: number, { deviceNumber }: MountInfo): Promise<boolean | typeof LATE> {
  const [major = 0, minor = 0] = deviceNumber.split(':').map(Number);
  const device = [major, minor].map((number) => number.toString(16).padStart(2, '0')).join(':');
  const text = await readProcess(`/proc/${id}/maps`);
  return text === LATE ? LATE : text.includes(` ${device} `);
}

async function commandOf(id: number): Promise<string> {
  const line = await readProcess(`/proc/${id}/cmdline`);
  if (line !== LATE && line !== '') return line.replace(/\0+$/, '').replaceAll(/\s+|\0/g, ' ');
  const name = await readProcess(`/proc/${id}/comm`);
  return (name === LATE ? '' : name.trimEnd()) || 'unknown';
}
