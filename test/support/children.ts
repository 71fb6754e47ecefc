import { readdirSync, readFileSync } from 'node:fs';

/** Child processes of a process, dead ones that nobody has reaped among them. */
export function childrenOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
      return text.split(' ').filter(Boolean);
    } catch {
      // The thread has ended meanwhile, and its children are another one's.
      return [];
    }
  });
}
