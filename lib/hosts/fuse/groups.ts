import { readFileSync } from 'node:fs';

/**
 * The supplementary groups of a process, which a request does not carry. Reading them waits for
 * nobody: the kernel has them at hand.
 *
 * @param processId - as in the request: of a thread, 0 where this process cannot see it
 * @returns none when it is gone, or may not be looked at
 */
export function groupsOf(processId: number): readonly number[] {
  if (processId === 0) return [];
  let status: string;
  try {
    status = readFileSync(`/proc/${processId}/status`, 'latin1');
  } catch {
    return [];
  }
  const line = /^Groups:[ \t]*(.*)$/m.exec(status)?.[1] ?? '';
  return line.split(' ').filter(Boolean).map(Number);
}
