import { readFile } from 'node:fs/promises';

/**
 * A process that is never mistaken for another one: its number may be given again, also after a
 * restart of the machine, but not at the same time.
 */
export interface ProcessIdentity {
  readonly id: number;
  /** When it was started, as the system tells it. Only compared. */
  readonly started: string;
}

/** Fields of /proc/PID/stat (proc(5)), counted from the one behind the name. */
const STATE = 0;
const START_TIME = 19;

/** A zombie has let go of everything, and waits to be noticed only. */
const GONE = new Set(['Z', 'X', 'x']);

let own: Promise<string | undefined> | undefined;

/** @returns undefined when there is no such process, or the system does not say */
export async function identityOf(id: number): Promise<ProcessIdentity | undefined> {
  const started = await startOf(id);
  return started === undefined ? undefined : { id, started };
}

/** @returns undefined when the system does not say */
export async function thisProcess(): Promise<ProcessIdentity | undefined> {
  const started = await (own ??= startOf(process.pid));
  return started === undefined ? undefined : { id: process.pid, started };
}

/** Whether it still runs: that very process, and not one that has got its number. */
export async function isRunning({ id, started }: ProcessIdentity): Promise<boolean> {
  return (await startOf(id)) === started;
}

/** When the process was started that has this number; undefined when there is none. */
async function startOf(id: number): Promise<string | undefined> {
  if (process.platform === 'win32') {
    const { loadWindowsAddon } = await import('../hosts/dokan/addon.js');
    return loadWindowsAddon().processStarted(id)?.toString();
  }
  try {
    const started = parseStart(await readFile(`/proc/${id}/stat`, 'latin1'));
    return started === undefined ? undefined : `${await boot()} ${started}`;
  } catch {
    return undefined;
  }
}

/** Times of processes count from the start of the machine. */
async function boot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

/** @param stat - contents of /proc/PID/stat. The name in it may hold anything, parentheses as well. */
export function parseStart(stat: string): string | undefined {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const started = fields[START_TIME];
  if (started === undefined || !/^\d+$/.test(started) || GONE.has(fields[STATE] ?? '')) {
    return undefined;
  }
  return started;
}
