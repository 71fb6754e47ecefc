import { readFileSync } from 'node:fs';

/** Deeper no tree of processes goes; a list that changes while it is read must end. */
const DEEPEST = 64;

/**
 * Whether a process is this one, or was started by it, directly or not. On Windows, which does not
 * keep who started whom, only this one is.
 * @param processId - of a process or of one of its threads, as kernels tell it
 */
export function isOurs(processId: number): boolean {
  let id = processId;
  for (let depth = 0; depth < DEEPEST && id > 0; depth += 1) {
    if (id === process.pid) return true;
    if (process.platform !== 'linux') return false;
    let status: string;
    try {
      status = readFileSync(`/proc/${id}/status`, 'latin1');
    } catch {
      return false;
    }
    // A thread's own number is no process: its group's is.
    if (field(status, 'Tgid') === process.pid) return true;
    id = field(status, 'PPid');
  }
  return false;
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(status)?.[1] ?? 0);
}
